import Tensors

/// Sums over a few items of the catalogue, in memory for all of it: what is 0 takes no time.
final class ItemSums {
  private let storage: FloatStorage
  /// The items whose sum is not 0, in the order in which they got it.
  private(set) var items: [Int32] = []

  /// - Parameter rows: of the catalogue.
  init(rows: Int) {
    storage = FloatStorage(count: rows)
    storage.elements.update(repeating: 0)
  }

  subscript(item: Int32) -> Float { storage.base[Int(item)] }

  /// - Parameter amount: from 0 up.
  func add(_ amount: Float, to item: Int32) {
    let old = storage.base[Int(item)], new = old + amount
    storage.base[Int(item)] = new
    if old == 0, new > 0 { items.append(item) }
  }

  /// Adds what others have, times a factor.
  func add(_ other: ItemSums, times factor: Float) {
    for item in other.items { add(other[item] * factor, to: item) }
  }

  func removeAll() {
    for item in items { storage.base[Int(item)] = 0 }
    items.removeAll(keepingCapacity: true)
  }

  /// The best items, falling, of equal ones the lower row first: as `ItemKey`s.
  func best(_ limit: Int) -> [UInt64] {
    var best: [UInt64] = []
    best.reserveCapacity(limit + 1)
    for item in items {
      let key = ItemKey.key(item, score: self[item])
      if best.count == limit, key <= best[limit - 1] { continue }
      var (low, high) = (0, best.count)
      while low < high {
        let middle = (low + high) / 2
        if best[middle] > key { low = middle + 1 } else { high = middle }
      }
      if best.count == limit { best.removeLast() }
      best.insert(key, at: low)
    }
    return best
  }
}
