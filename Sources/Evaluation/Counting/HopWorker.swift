import Models
import Sessions

/// What a thread works with that scores sessions by hops, one after another: see `HopScorer`.
final class HopWorker {
  private let options: CountingOptions
  private let tables: HopTables
  private var all: PairRowPlaces
  private var own: PairRowPlaces
  private var code: UInt16?
  /// What the counts of all locales weigh: where a session has no locale of its own they are all there is.
  private var allWeight: Float = 1
  /// `[items + 1]`: what scores are multiplied with in the present locale.
  private var factors: [Float]
  private let scores: ItemSums
  private let near: ItemSums
  /// S1, S2 and S3 of the session that was scored last.
  let first: ItemSums
  let second: ItemSums
  let third: ItemSums

  init(_ tables: HopTables) {
    self.tables = tables
    options = tables.options
    let rows = tables.rows
    all = PairRowPlaces(count: rows)
    all.point(to: tables.ofAll)
    own = PairRowPlaces(count: rows)
    factors = [Float](repeating: 1, count: rows)
    (scores, near) = (ItemSums(rows: rows), ItemSums(rows: rows))
    (first, second, third) = (ItemSums(rows: rows), ItemSums(rows: rows), ItemSums(rows: rows))
  }

  /// Goes over to the sessions of a locale.
  func turn(to code: UInt16) {
    if self.code == code { return }
    self.code = code
    let rows = tables.ofLocale(code)
    own.point(to: rows ?? PairRows(PairRun(adding: [])))
    allWeight = rows == nil ? 1 : options.allLocalesWeight
    tables.seen.write(seen: 1, others: options.unseenWeight, of: code, to: &factors)
  }

  /// Scores what a session leads to.
  /// - Parameter clicks: oldest first.
  func score(_ clicks: [Int32]) {
    for sums in [scores, near, first, second, third] { sums.removeAll() }
    for (place, item) in lastItems(of: clicks).enumerated() {
      let weight = 1 / Float(place + 1)
      spread(weight * weight, from: item, to: first)
      if options.hops > 1 { spread(weight, from: item, to: near) }
    }
    scores.add(first, times: 1)
    for item in near.items { spread(near[item], from: item, to: second) }
    scores.add(second, times: options.secondHopWeight)
    if options.hops < 3 { return }
    for key in second.best(options.hopItems) { spread(ItemKey.score(of: key), from: ItemKey.item(of: key), to: third) }
    scores.add(third, times: options.thirdHopWeight)
  }

  /// The items that have a score, in no order that matters, and theirs.
  func scores(isShare: Bool) -> [(item: Int32, score: Float)] {
    let found = scores.items.map { (item: $0, score: self[$0]) }
    guard isShare else { return found }
    let sum = found.reduce(Float(1)) { $0 + $1.score }
    return found.map { ($0.item, $0.score / sum) }
  }

  /// The score of an item.
  subscript(item: Int32) -> Float { scores[item] * factors[Int(item)] }

  /// The different items of a session that are looked at, from its end.
  func lastItems(of clicks: [Int32]) -> [Int32] { clicks.reversed().firstOfEach(limit: options.sessionItems) }

  /// Adds an amount times an item's shares.
  func spread(_ amount: Float, from item: Int32, to sums: ItemSums) {
    guard let ofAll = all[item] else { return }
    let ofOwn = own[item]
    let sum = (ofOwn.map(own.rows.sum) ?? 0) + allWeight * all.rows.sum(ofRow: ofAll) + options.damping
    guard sum > 0 else { return }
    if let ofOwn { own.rows.add(row: ofOwn, times: amount / sum, to: sums) }
    if allWeight > 0 { all.rows.add(row: ofAll, times: amount * (allWeight / sum), to: sums) }
  }

  /// Likewise by the counts of the session's locale alone.
  func spreadOwn(_ amount: Float, from item: Int32, to sums: ItemSums) {
    guard let row = own[item] else { return }
    let sum = own.rows.sum(ofRow: row) + options.damping
    if sum > 0 { own.rows.add(row: row, times: amount / sum, to: sums) }
  }

  /// What an item and one seen near it count together, in all locales.
  func count(of item: Int32, _ other: Int32) -> Float { all[item].map { all.rows.weight(row: $0, next: other) } ?? 0 }

  /// Likewise in the session's locale.
  func ownCount(of item: Int32, _ other: Int32) -> Float {
    own[item].map { own.rows.weight(row: $0, next: other) } ?? 0
  }

  /// P(item → other).
  func share(of item: Int32, _ other: Int32) -> Float {
    guard let row = all[item] else { return 0 }
    let sum = (own[item].map(own.rows.sum) ?? 0) + allWeight * all.rows.sum(ofRow: row) + options.damping
    return sum > 0 ? (ownCount(of: item, other) + allWeight * count(of: item, other)) / sum : 0
  }
}
