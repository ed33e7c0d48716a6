import Foundation
import Storage
import Synchronization

/// Item ids and their rows: row `r` of the catalogue is line `r` of `items.txt`; row 0 is padding.
///
/// Ids are text, byte for byte as they came: leading zeros matter.
public final class ItemCatalog: Sendable {
  /// Items, padding not counted.
  public let count: Int
  private let file: MappedFile
  /// Where each line begins, and one place after the last.
  private let lineStarts: [Int]
  /// Made when the first id is looked up: training never does.
  private let index = Mutex<ByteStringIndex?>(nil)

  /// Maps `items.txt`.
  /// - Throws: `SessionsError.malformedDataset` when it has not `count` lines.
  package init(path: String, count: Int) throws {
    file = try MappedFile(path: path)
    self.count = count
    // A line has a byte at least: a count that the file cannot hold must not be taken for a capacity.
    guard (0..<Int(Int32.max)).contains(count), count <= file.bytes.count else {
      throw SessionsError.malformedDataset(path: path, reason: "it has not \(count) lines")
    }
    var starts = [0]
    starts.reserveCapacity(count + 1)
    let bytes = file.bytes
    var position = 0
    while position < bytes.count, let base = bytes.baseAddress,
      let newline = memchr(base + position, 0x0a, bytes.count - position)
    {
      position = UnsafeRawPointer(newline) - base + 1
      starts.append(position)
    }
    lineStarts = starts
    if starts.count != count + 1 || position != bytes.count {
      throw SessionsError.malformedDataset(path: path, reason: "it has not \(count) lines")
    }
  }

  /// The id of an item.
  /// - Precondition: `row` is in 1 … `count`.
  public func id(of row: Int32) -> String { slice(of: row).string }

  /// The row of an id, nil for an item that the data set does not have.
  public func row(of id: String) -> Int32? {
    var id = id
    return id.withUTF8 { bytes in
      guard let start = bytes.baseAddress, bytes.count > 0 else { return nil }
      return row(of: TextSlice(start: start, count: bytes.count))
    }
  }

  /// The lines of the first items, as `items.txt` has them. The pointer must not leave the closure.
  /// - Precondition: `items` is at most `count`.
  package func withUnsafeLines<Result>(
    ofFirst items: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    try body(UnsafeRawBufferPointer(rebasing: file.bytes[..<lineStarts[items]]))
  }

  func row(of text: TextSlice) -> Int32? {
    index.withLock { index in
      if index == nil { index = makeIndex() }
      return index?.row(hash: text.hash) { row in
        let candidate = slice(of: row)
        return candidate.count == text.count && memcmp(candidate.start, text.start, text.count) == 0
      }
    }
  }

  func slice(of row: Int32) -> TextSlice {
    precondition(row >= 1 && row <= count, "row \(row) of a catalogue of \(count) items")
    let start = lineStarts[Int(row) - 1]
    let base = file.bytes.baseAddress.unsafelyUnwrapped  // there are lines, hence bytes
    return TextSlice(
      start: (base + start).assumingMemoryBound(to: UInt8.self), count: lineStarts[Int(row)] - start - 1)
  }

  private func makeIndex() -> ByteStringIndex {
    var index = ByteStringIndex(capacity: count)
    for row in 0..<Int32(count) {
      index.insert(row: row + 1, hash: slice(of: row + 1).hash) { slice(of: $0).hash }
    }
    return index
  }
}
