import Foundation

/// Numbers item ids from 1 in the order of their first appearance.
///
/// The ids lie one behind the other, each with a line break: the memory is what `items.txt` will hold.
final class Vocabulary {
  private(set) var count = 0
  private var memory: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 20
  private var used = 0
  /// Where each id begins, and one place after the last.
  private var starts: [Int] = [0]
  private var index = ByteStringIndex(capacity: 1 << 16)

  init() { memory = .allocate(capacity: capacity) }

  deinit { memory.deallocate() }

  /// The lines of `items.txt`. Valid until the next id is added.
  var lines: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: used) }

  /// The row of an id, a new one if it is new.
  func row(of text: TextSlice) throws -> Int32 {
    let hash = text.hash
    if let row = index.row(hash: hash, isEqual: { isEqual(row: $0, text) }) { return row }
    guard let row = Int32(exactly: count + 1) else { throw SessionsError.tooManyItems }
    append(text)
    index.insert(row: row, hash: hash) { self.slice(of: $0).hash }
    return row
  }

  @inline(__always)
  private func slice(of row: Int32) -> TextSlice {
    let start = starts[Int(row) - 1]
    return TextSlice(start: UnsafePointer(memory + start), count: starts[Int(row)] - start - 1)
  }

  @inline(__always)
  private func isEqual(row: Int32, _ text: TextSlice) -> Bool {
    let candidate = slice(of: row)
    return candidate.count == text.count && memcmp(candidate.start, text.start, text.count) == 0
  }

  private func append(_ text: TextSlice) {
    if used + text.count + 1 > capacity {
      capacity = max(2 * capacity, used + text.count + 1)
      let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
      larger.update(from: memory, count: used)
      memory.deallocate()
      memory = larger
    }
    (memory + used).update(from: text.start, count: text.count)
    used += text.count
    memory[used] = UInt8(ascii: "\n")
    used += 1
    starts.append(used)
    count += 1
  }
}
