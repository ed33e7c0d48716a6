/// Finds the row of a byte string: open addressing with linear probing, half full at most.
///
/// The strings themselves live elsewhere; the index holds a part of each hash and the row. Foundation's or
/// the standard library's dictionaries would make an object of every id.
struct ByteStringIndex {
  /// A part of the hash in the upper half, the row in the lower; 0 is free, for rows start at 1.
  private var slots: [UInt64]
  private var count = 0

  /// - Parameter capacity: strings to be expected.
  init(capacity: Int) {
    var size = 1024
    while size < 2 * capacity { size *= 2 }
    slots = [UInt64](repeating: 0, count: size)
  }

  /// The row of a string that is there.
  @inline(__always)
  func row(hash: UInt64, isEqual: (Int32) -> Bool) -> Int32? {
    slots.withUnsafeBufferPointer { slots in
      let mask = UInt64(slots.count - 1)
      var position = hash & mask
      while true {
        let slot = slots[Int(position)]
        if slot == 0 { return nil }
        let row = Int32(truncatingIfNeeded: slot & 0x7fff_ffff)  // what insert put there
        if slot >> 32 == hash >> 32, isEqual(row) { return row }
        position = (position + 1) & mask
      }
    }
  }

  /// What is at the place where the search for a hash begins.
  @inline(__always)
  func firstSlot(of hash: UInt64) -> UInt64 {
    slots.withUnsafeBufferPointer { $0[Int(hash & UInt64($0.count - 1))] }
  }

  /// Adds a string that is not there yet.
  /// - Parameter hashOfRow: the hash of an earlier row, for when the index grows.
  mutating func insert(row: Int32, hash: UInt64, hashOfRow: (Int32) -> UInt64) {
    if 2 * (count + 1) > slots.count {
      let rows = slots.lazy.filter { $0 != 0 }.map { Int32(truncatingIfNeeded: $0 & 0x7fff_ffff) }
      var larger = ByteStringIndex(capacity: slots.count)
      for row in rows { larger.place(row, hash: hashOfRow(row)) }
      self = larger
    }
    place(row, hash: hash)
  }

  private mutating func place(_ row: Int32, hash: UInt64) {
    let mask = UInt64(slots.count - 1)
    var position = hash & mask
    while slots[Int(position)] != 0 { position = (position + 1) & mask }
    slots[Int(position)] = (hash & ~0xffff_ffff) | UInt64(UInt32(bitPattern: row))
    count += 1
  }
}
