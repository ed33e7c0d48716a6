import Models
import Sessions

/// What a thread works with that scores sessions by hops, one after another: see `HopScorer`.
final class HopWorker {
  private let options: CountingOptions
  private var all: PairRowPlaces
  private var own: PairRowPlaces
  private var code: UInt16?
  /// What the counts of all locales weigh: where a session has no locale of its own they are all there is.
  private var allWeight: Float = 1
  /// `[items + 1]`: what scores are multiplied with in the present locale.
  private var factors: [Float]
  private let scores: ItemSums
  private let near: ItemSums
  private let second: ItemSums
  private let third: ItemSums

  init(_ options: CountingOptions, rows: Int, _ ofAll: PairRows) {
    self.options = options
    all = PairRowPlaces(count: rows)
    all.point(to: ofAll)
    own = PairRowPlaces(count: rows)
    factors = [Float](repeating: 1, count: rows)
    (scores, near) = (ItemSums(rows: rows), ItemSums(rows: rows))
    (second, third) = (ItemSums(rows: rows), ItemSums(rows: rows))
  }

  /// Goes over to the sessions of a locale.
  /// - Parameter rows: its pairs; nil for sessions without a locale.
  func turn(to code: UInt16, _ rows: PairRows?, _ seen: SeenItems) {
    if self.code == code { return }
    self.code = code
    own.point(to: rows ?? PairRows(PairRun(adding: [])))
    allWeight = rows == nil ? 1 : options.allLocalesWeight
    seen.write(seen: 1, others: options.unseenWeight, of: code, to: &factors)
  }

  /// Scores what a session leads to.
  /// - Parameter clicks: oldest first.
  func score(_ clicks: [Int32]) {
    for sums in [scores, near, second, third] { sums.removeAll() }
    for (place, item) in clicks.reversed().firstOfEach(limit: options.sessionItems).enumerated() {
      let weight = 1 / Float(place + 1)
      spread(weight * weight, from: item, to: scores)
      if options.hops > 1 { spread(weight, from: item, to: near) }
    }
    for item in near.items { spread(near[item], from: item, to: second) }
    scores.add(second, times: options.secondHopWeight)
    if options.hops < 3 { return }
    for key in second.best(options.hopItems) { spread(ItemKey.score(of: key), from: ItemKey.item(of: key), to: third) }
    scores.add(third, times: options.thirdHopWeight)
  }

  /// The items that have a score, in no order that matters, and theirs.
  func scores(isShare: Bool) -> [(item: Int32, score: Float)] {
    let found = scores.items.map { (item: $0, score: scores[$0] * factors[Int($0)]) }
    guard isShare else { return found }
    let sum = found.reduce(Float(1)) { $0 + $1.score }
    return found.map { ($0.item, $0.score / sum) }
  }

  /// Adds an amount times an item's shares.
  private func spread(_ amount: Float, from item: Int32, to sums: ItemSums) {
    guard let ofAll = all[item] else { return }
    let ofOwn = own[item]
    let sum = (ofOwn.map(own.rows.sum) ?? 0) + allWeight * all.rows.sum(ofRow: ofAll) + options.damping
    guard sum > 0 else { return }
    if let ofOwn { own.rows.add(row: ofOwn, times: amount / sum, to: sums) }
    if allWeight > 0 { all.rows.add(row: ofAll, times: amount * (allWeight / sum), to: sums) }
  }
}

extension Sequence<Int32> {
  /// The first occurrences of different numbers, at most `limit` of them.
  fileprivate func firstOfEach(limit: Int) -> [Int32] {
    var found: [Int32] = []
    for item in self where !found.contains(item) {
      found.append(item)
      if found.count == limit { break }
    }
    return found
  }
}
