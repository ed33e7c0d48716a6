import Randomness
import Text

/// Whole sessions, divided.
struct SessionDivision {
  var train: Sequences
  var valid = Sequences()
  var test = Sequences()

  /// Divides sessions by rules other than their files.
  /// - Parameters:
  ///   - drawsValid: whether the valid fraction is drawn, where no other rule says what is valid.
  ///   - seed: of the numbers for drawing; both draws take them from one stream.
  /// - Throws: `SessionsError.invalidOption` where the last days leave nothing to train on.
  init(_ sequences: Sequences, _ rules: SplitRules, drawsValid: Bool, seed: UInt64) throws {
    train = sequences
    var stream = RandomStream(seed: seed, purpose: .split)
    if rules.leavesOneOut {
      (train, test) = train.leavingOut(fromLength: 3)
      (train, valid) = train.leavingOut(fromLength: 3)
      train = train.without({ _ in false }, shorterThan: 2)
      return
    }
    if let days = rules.testDays { (train, test) = try train.divided(lastDays: days, of: "--test-days") }
    if rules.testFraction > 0 { (train, test) = train.divided(drawing: rules.testFraction, &stream) }
    if let days = rules.validDays {
      (train, valid) = try train.divided(lastDays: days, of: "--valid-days")
    } else if drawsValid {
      (train, valid) = train.divided(drawing: rules.validFraction, &stream)
    }
  }
}

extension Sequences {
  /// Divides off the sessions that end in the last days: not earlier than so many days before the last click of all, as
  /// GRU4Rec's authors do.
  fileprivate func divided(lastDays days: Double, of option: String) throws -> (before: Sequences, last: Sequences) {
    let ends = (0..<count).map(end(of:)), day = 86_400_000_000.0
    guard let first = ends.min(), let end = ends.max() else { return (self, Sequences()) }
    let limit = end - Int64(days * day)
    if first >= limit {
      let span = (Double(end - first) / day).formatted(digits: 1)
      throw SessionsError.invalidOption(
        name: option, reason: "\(days) leaves nothing to train on: all sessions end within \(span) days")
    }
    return (sessions { self.end(of: $0) < limit }, sessions { self.end(of: $0) >= limit })
  }

  /// Draws groups of sessions, all of a group or none.
  fileprivate func divided(drawing fraction: Double, _ stream: inout RandomStream) -> (
    rest: Sequences, drawn: Sequences
  ) {
    // Groups are numbered anew: of some no session may be left.
    var numbers = [Int](repeating: -1, count: Int(groups.max() ?? -1) + 1), count = 0
    for group in groups where numbers[Int(group)] < 0 {
      numbers[Int(group)] = count
      count += 1
    }
    let share = min(Int((fraction * Double(count)).rounded()), count - 1)
    if share <= 0 { return (self, Sequences()) }
    var isDrawn = [Bool](repeating: false, count: count)
    for number in stream.permutation(of: count).prefix(share) { isDrawn[Int(number)] = true }
    func isDrawnSession(_ session: Int) -> Bool { isDrawn[numbers[Int(groups[session])]] }
    return (sessions { !isDrawnSession($0) }, sessions(where: isDrawnSession))
  }
}
