/// The pairs of a locale, or of all, as they are scored: a sparse matrix with a row for each item that has pairs.
final class PairRows: Sendable {
  /// Rising.
  let items: [Int32]
  /// `[items + 1]`: where the pairs of each item begin, and one place after the last.
  private let offsets: [Int]
  private let next: [Int32]
  /// What each pair counts, 1 for a plain one.
  private let weights: [Float]
  /// `[items]`: what the pairs of each item count together.
  private let sums: [Float]

  init(_ run: PairRun) {
    let unit = Double(PairWeights.unit)
    var items: [Int32] = [], offsets: [Int] = [], sums: [Int64] = []
    for (place, key) in run.keys.enumerated() {
      let item = PairRun.item(ofKey: key)
      if items.last != item {
        items.append(item)
        offsets.append(place)
        sums.append(0)
      }
      sums[sums.count - 1] += run.counts[place]
    }
    self.items = items
    self.offsets = offsets + [run.keys.count]
    self.sums = sums.map { Float(Double($0) / unit) }
    next = run.keys.map(PairRun.next)
    weights = run.counts.map { Float(Double($0) / unit) }
  }

  /// What the pairs of a row count together.
  func sum(ofRow row: Int) -> Float { sums[row] }

  /// What a pair of a row counts; 0 where it was not seen.
  func weight(row: Int, next item: Int32) -> Float {
    let places = offsets[row]..<offsets[row + 1], place = next.firstPlace(notBelow: item, in: places)
    return place < places.upperBound && next[place] == item ? weights[place] : 0
  }

  /// Adds each pair of a row, times a factor.
  func add(row: Int, times factor: Float, to sums: ItemSums) {
    for place in offsets[row]..<offsets[row + 1] { sums.add(weights[place] * factor, to: next[place]) }
  }
}

/// Which row of a `PairRows` an item has: looked up a thousand times for a session.
struct PairRowPlaces {
  /// `[items + 1]`: the row, or -1.
  private var places: [Int32]
  private(set) var rows = PairRows(PairRun(adding: []))

  /// - Parameter count: of rows of the catalogue.
  init(count: Int) { places = [Int32](repeating: -1, count: count) }

  /// Goes over to other rows.
  mutating func point(to new: PairRows) {
    for item in rows.items { places[Int(item)] = -1 }
    for (row, item) in new.items.enumerated() { places[Int(item)] = Int32(row) }
    rows = new
  }

  subscript(item: Int32) -> Int? {
    let place = places[Int(item)]
    return place < 0 ? nil : Int(place)
  }
}
