import Foundation
import Text

/// A matrix of Float32, row-major and dense: a view of memory that an `Arena` or a `FloatStorage` owns.
///
/// Everything in a session model is a matrix over rows that belong to clicks or to sessions, so two dimensions
/// are all there is. A tensor does not keep its memory alive: one from an arena lasts until the arena's reset.
public struct Tensor {
  package let base: UnsafeMutablePointer<Float>
  /// How many clicks, sessions, or rows of a table or weight it has.
  public let rows: Int
  /// The width of a row.
  public let columns: Int

  package init(_ base: UnsafeMutablePointer<Float>, rows: Int, columns: Int) {
    self.base = base
    self.rows = rows
    self.columns = columns
  }

  /// The number of elements.
  public var count: Int { rows * columns }

  /// The elements, row by row.
  public var elements: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

  /// The rows of `range`, in place.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(self.rows)")
    return Tensor(base + range.lowerBound * columns, rows: range.count, columns: columns)
  }

  /// The first rows × columns elements as a matrix of that shape.
  package func reshaped(rows: Int, columns: Int) -> Tensor {
    precondition(rows * columns <= count, "\(rows)×\(columns) of \(count) elements")
    return Tensor(base, rows: rows, columns: columns)
  }

  /// A copy of the elements, row by row.
  public var array: [Float] { Array(elements) }
}

/// Float32 memory with an owner, 64-byte aligned, freed with the object: zeros at first, or a copy.
public final class FloatStorage {
  package let base: UnsafeMutablePointer<Float>
  /// How many floats there are, all of them the caller's.
  public let count: Int

  private static let hugePage = 2 << 20

  /// - Parameter count: how many floats; 0 is fine.
  public convenience init(count: Int) {
    self.init(uninitialised: count)
    base.initialize(repeating: 0, count: max(count, 1))
  }

  /// A copy, made in one pass over the memory.
  package convenience init(copying source: UnsafeMutableBufferPointer<Float>) {
    self.init(uninitialised: source.count)
    _ = elements.update(fromContentsOf: source)
  }

  private init(uninitialised count: Int) {
    self.count = count
    let bytes = max(count, 1) * MemoryLayout<Float>.stride
    var memory: UnsafeMutableRawPointer?
    let isLarge = bytes >= 4 * Self.hugePage
    guard posix_memalign(&memory, isLarge ? Self.hugePage : 64, bytes) == 0, let memory else {
      endForWantOfMemory(bytes: bytes)
    }
    // Rows of a large table are looked up and updated here and there: with large pages, addresses are found sooner.
    // Where the kernel has none to give, nothing is lost.
    if isLarge { madvise(memory, bytes, MADV_HUGEPAGE) }
    base = memory.bindMemory(to: Float.self, capacity: max(count, 1))
  }

  deinit { free(base) }

  /// All elements; valid while the object lives.
  public var elements: UnsafeMutableBufferPointer<Float> { UnsafeMutableBufferPointer(start: base, count: count) }

  /// A matrix over the elements from `offset` on.
  package func tensor(at offset: Int = 0, rows: Int, columns: Int) -> Tensor {
    precondition(offset >= 0 && offset + rows * columns <= count, "\(rows)×\(columns) at \(offset) of \(count)")
    return Tensor(base + offset, rows: rows, columns: columns)
  }
}
