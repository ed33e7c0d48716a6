/// A read-only array that lives in a mapped file, or in memory of its own.
///
/// It keeps its memory alive; copies share it.
public struct MappedArray<Element: BitwiseCopyable & Sendable>: RandomAccessCollection, @unchecked Sendable {
  @usableFromInline let base: UnsafePointer<Element>?
  /// The number of elements.
  public let count: Int
  @usableFromInline let owner: AnyObject?

  /// An array in memory of its own.
  public init(_ elements: some Collection<Element>) {
    self.init(copying: elements.count) { _ = $0.initialize(from: elements) }
  }

  /// An array over a part of a mapped file; an unaligned part is copied.
  /// - Precondition: the bytes lie inside `file` and hold whole elements.
  init(bytes: UnsafeRawBufferPointer, of file: MappedFile) {
    let stride = MemoryLayout<Element>.stride
    precondition(bytes.count % stride == 0, "\(bytes.count) bytes are no whole elements of \(stride) bytes")
    let count = bytes.count / stride
    if let start = bytes.baseAddress, Int(bitPattern: start) % MemoryLayout<Element>.alignment == 0 {
      self.init(base: start.assumingMemoryBound(to: Element.self), count: count, owner: file)
    } else {
      self.init(copying: count) { UnsafeMutableRawBufferPointer($0).copyMemory(from: bytes) }
    }
  }

  private init(copying count: Int, fill: (UnsafeMutableBufferPointer<Element>) -> Void) {
    let block = OwnedBlock<Element>(count: count)
    fill(block.elements)
    self.init(base: UnsafePointer(block.elements.baseAddress), count: count, owner: block)
  }

  private init(base: UnsafePointer<Element>?, count: Int, owner: AnyObject) {
    self.base = base
    self.count = count
    self.owner = owner
  }

  /// Always 0.
  @inlinable public var startIndex: Int { 0 }
  /// Always `count`.
  @inlinable public var endIndex: Int { count }

  /// - Precondition: 0 ≤ `position` < `count`, which release builds check too.
  @inlinable public subscript(position: Int) -> Element {
    precondition(UInt(bitPattern: position) < UInt(bitPattern: count), "index out of range")
    return base.unsafelyUnwrapped[position]
  }

  /// The elements as contiguous memory. The pointer must not leave the closure.
  @inlinable public func withUnsafeBufferPointer<Result, Failure: Error>(
    _ body: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeBufferPointer(start: base, count: count))
  }

  /// Lets algorithms of the standard library run over the memory itself.
  @inlinable public func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<Element>) throws -> Result
  ) rethrows -> Result? {
    defer { withExtendedLifetime(owner) {} }
    return try body(UnsafeBufferPointer(start: base, count: count))
  }
}

/// Memory that is freed with the last array over it.
private final class OwnedBlock<Element: BitwiseCopyable> {
  let elements: UnsafeMutableBufferPointer<Element>
  init(count: Int) { elements = .allocate(capacity: count) }
  deinit { elements.deallocate() }
}
