/// How sessions are divided into those that are trained on, those that choose and those that judge.
public struct SplitRules: Equatable, Sendable {
  /// The share of the training sessions, drawn at random, that becomes the valid split: 0 ..< 1.
  public var validFraction = 0.1
  /// The share of all sessions, drawn at random, that becomes the test: 0 ..< 1.
  public var testFraction = 0.0
  /// The sessions that end in the last so many days are the test; may be a fraction, above 0. nil for none.
  public var testDays: Double?
  /// Of the sessions before the test, those that end in their last so many days are the valid split; nil for none.
  public var validDays: Double?
  /// The last item of a session is the test's answer, the last but one the valid split's.
  public var leavesOneOut = false

  /// A tenth of the training sessions, drawn at random, as the valid split; no test.
  public init() {}

  /// Whether nothing is asked for but the valid sessions that are drawn.
  var isPlain: Bool { testFraction == 0 && testDays == nil && validDays == nil && !leavesOneOut }

  /// Whether the division is by time, which takes files that have times.
  var isByTime: Bool { testDays != nil || validDays != nil }

  func validate(hasValid: Bool, hasTest: Bool) throws {
    func refuse(_ name: String, _ reason: String) -> SessionsError { .invalidOption(name: name, reason: reason) }
    for (name, share) in [("--valid-fraction", validFraction), ("--test-fraction", testFraction)] {
      if !(0..<1).contains(share) { throw refuse(name, "must be at least 0 and below 1, it is \(share)") }
    }
    for (name, days) in [("--valid-days", validDays), ("--test-days", testDays)] {
      if let days, !(days > 0 && days < 1e5) {
        throw refuse(name, "must be above 0 and below 100000 days, it is \(days)")
      }
    }
    let tests = [(hasTest, "--test"), (testDays != nil, "--test-days"), (testFraction > 0, "--test-fraction")]
    let valids = [(hasValid, "--valid"), (validDays != nil, "--valid-days")]
    for choices in [tests, valids] {
      let chosen = (choices + [(leavesOneOut, "--leave-one-out")]).filter(\.0).map(\.1)
      if chosen.count > 1 { throw refuse(chosen[1], "and \(chosen[0]) both say which sessions those are: give one") }
    }
  }
}

/// What becomes of test and valid items that training never saw, which no model can find.
public enum UnseenTargets: String, CaseIterable, Sendable {
  /// They count as not found.
  case keep
  /// Their clicks are left out of click logs; sessions of session files whose answer it is are left out whole.
  case drop
}
