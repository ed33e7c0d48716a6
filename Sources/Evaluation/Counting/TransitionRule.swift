import Models

/// Which pairs of a session's clicks count as transitions, and for how much. Whole numbers, so that sums have no
/// order.
package enum TransitionRule: Equatable, Sendable {
  /// Each click and the one after it, for 1.
  case next
  /// Each click and those up to `reach` places before and after it, for `unit` / distance².
  case around

  /// The rule of a counting model; nil for one that counts none, or not by such a rule.
  package init?(_ model: CountingModel) {
    switch model {
    case .pop, .counts: return nil
    case .covisit: self = .next
    case .neighbours: self = .around
    }
  }

  private static let reach = 6

  /// What a direct transition counts for. 60² is a multiple of the squares of 1 to 6.
  package var unit: Int32 { self == .next ? 1 : 3600 }

  /// Calls `body` with every pair of a session's clicks that counts, and its weight.
  func forEachPair(of clicks: [Int32], _ body: (_ item: Int32, _ other: Int32, _ weight: Int32) -> Void) {
    for (place, item) in clicks.enumerated() {
      let farthest = min(place + (self == .next ? 1 : Self.reach), clicks.count - 1)
      for later in place + 1..<max(farthest, place) + 1 {
        let distance = Int32(later - place)
        body(item, clicks[later], unit / (distance * distance))
        if self == .around { body(clicks[later], item, unit / (distance * distance)) }
      }
    }
  }
}
