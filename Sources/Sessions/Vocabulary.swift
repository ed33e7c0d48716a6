import Foundation

/// Numbers item ids from 1 in the order of their first appearance.
///
/// The ids lie one behind the other, each with a line break: the memory is what `items.txt` will hold.
final class Vocabulary {
  // Looked up for every click of every session: the checks at run time that no two accesses overlap would
  // take longer than the work. One thread uses a vocabulary.
  @exclusivity(unchecked) private(set) var count = 0
  @exclusivity(unchecked) private var memory: UnsafeMutablePointer<UInt8>
  @exclusivity(unchecked) private var capacity = 1 << 20
  @exclusivity(unchecked) private var used = 0
  /// Where each id begins, and one place after the last.
  @exclusivity(unchecked) private var starts: [Int] = [0]
  @exclusivity(unchecked) private var index = ByteStringIndex(capacity: 1 << 16)
  @exclusivity(unchecked) private var hashes: [UInt64] = []
  @exclusivity(unchecked) private var lastTouched: UInt64 = 0

  init() { memory = .allocate(capacity: capacity) }

  deinit { memory.deallocate() }

  /// The lines of `items.txt`. Valid until the next id is added.
  var lines: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: memory, count: used) }

  /// Numbers ids, new ones with new rows.
  ///
  /// The index does not fit the cache: most of the time goes into waiting for memory. So all hashes are made
  /// and their places touched first, which lets the waits of one session overlap.
  func appendRows(of texts: [TextSlice], from first: Int, to rows: inout [Int32]) throws {
    hashes.removeAll(keepingCapacity: true)
    var touched: UInt64 = 0
    for place in first..<texts.count {
      let hash = texts[place].hash
      hashes.append(hash)
      touched ^= index.firstSlot(of: hash)
    }
    lastTouched = touched  // keeps the reads from being optimised away
    for place in first..<texts.count {
      rows.append(try row(of: texts[place], hash: hashes[place - first]))
    }
  }

  /// The row of one id, a new one if it is new.
  func row(of text: TextSlice) throws -> Int32 { try row(of: text, hash: text.hash) }

  func text(of row: Int32) -> String { slice(of: row).string }

  /// Whether an id was numbered.
  func contains(_ id: StaticString) -> Bool {
    let text = TextSlice(start: id.utf8Start, count: id.utf8CodeUnitCount)
    return index.row(hash: text.hash, isEqual: { isEqual(row: $0, text) }) != nil
  }

  /// Numbers the items of a catalogue as they are numbered there.
  /// - Precondition: no id was added before.
  func append(_ catalog: ItemCatalog) throws {
    precondition(count == 0, "a vocabulary of \(count) items cannot begin with another")
    var row: Int32 = 0
    while row < catalog.count {
      row += 1
      let text = catalog.slice(of: row)
      _ = try self.row(of: text, hash: text.hash)
    }
  }

  /// The items that occur in some sessions, numbered in the order of their first appearance there; the sessions are
  /// renumbered. What it is where all items occur.
  /// - Parameter known: how many items keep their rows whether they occur or not, the first ones.
  func withoutUnused(in splits: [SessionCollector], keeping known: Int) throws -> Vocabulary {
    var isUsed = [Bool](repeating: false, count: count + 1)
    for split in splits {
      for (row, isSeen) in split.itemsSeen(of: count).enumerated() where isSeen { isUsed[row] = true }
    }
    if (known + 1..<count + 1).allSatisfy({ isUsed[$0] }) { return self }
    let kept = Vocabulary()
    var rows = [Int32](repeating: 0, count: count + 1)
    func keep(_ row: Int32) throws {
      if row == 0 || rows[Int(row)] != 0 { return }
      let text = slice(of: row)
      rows[Int(row)] = try kept.row(of: text, hash: text.hash)
    }
    for row in 0..<Int32(known) { try keep(row + 1) }
    for split in splits {
      for session in 0..<split.count {
        for item in split.items(of: session) { try keep(item) }
        try keep(split.targets[session])
      }
    }
    for split in splits { split.renumber(rows) }
    return kept
  }

  /// The row of an id, a new one if it is new.
  private func row(of text: TextSlice, hash: UInt64) throws -> Int32 {
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
