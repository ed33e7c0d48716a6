/// Searches the weights of a blend: one after another takes the best of a row of round numbers while the others stay as
/// they are, until none changes.
///
/// The search starts from the member that is best alone, whose weight stays 1: only what is better than that member is
/// ever chosen. It draws no random numbers, and of equally good weights it keeps those that came first.
package enum WeightSearch {
  /// What a weight is chosen from: 0, and six numbers a decade from 0.01 to 100.
  package static let weights: [Float] = {
    let digits = [1, 1.5, 2, 3, 5, 7], parts = [100.0, 10, 1, 0.1]
    let decades = parts.flatMap { part in digits.map { digit in Float(digit / part) } }
    return [0] + decades + [100]
  }()

  /// A search that has not settled by then goes in circles.
  private static let mostRounds = 10

  /// - Parameters:
  ///   - given: the weight of each member, nil where it is to be chosen.
  ///   - value: what a blend with these weights is worth.
  package static func best<Failure: Error>(
    _ given: [Float?], _ value: (_ weights: [Float]) throws(Failure) -> Double
  ) throws(Failure) -> [Float] {
    var free = given.indices.filter { given[$0] == nil }
    var best = given.map { $0 ?? 0 }, bestValue = -Double.infinity
    if free.count == given.count {
      // Only ratios count: the best member alone has the weight 1 and keeps it.
      var reference = 0
      for member in free {
        var alone = best
        alone[member] = 1
        let found = try value(alone)
        if found > bestValue { (reference, bestValue) = (member, found) }
      }
      best[reference] = 1
      free.remove(at: reference)
    } else {
      bestValue = try value(best)
    }
    for _ in 0..<mostRounds {
      let before = best
      for member in free {
        for weight in weights where weight != best[member] {
          var tried = best
          tried[member] = weight
          let found = try value(tried)
          if found > bestValue { (best, bestValue) = (tried, found) }
        }
      }
      if best == before { break }
    }
    return best
  }
}
