import Randomness

/// Whole sessions, divided.
struct SessionDivision {
  var train: Sequences
  var valid = Sequences()
  var test = Sequences()

  /// Divides sessions by rules other than their files.
  /// - Parameters:
  ///   - drawsValid: whether the valid fraction is drawn, where no other rule says what is valid.
  ///   - random: numbers for drawing; the same for both draws.
  init(_ sequences: Sequences, _ rules: SplitRules, drawsValid: Bool, seed: UInt64) {
    train = sequences
    var stream = RandomStream(seed: seed, purpose: .split)
    if rules.leavesOneOut {
      (train, test) = train.leavingOut(fromLength: 3)
      (train, valid) = train.leavingOut(fromLength: 3)
      train = train.without({ _ in false }, shorterThan: 2)
      return
    }
    if let days = rules.testDays { (train, test) = train.divided(lastDays: days) }
    if rules.testFraction > 0 { (train, test) = train.divided(drawing: rules.testFraction, &stream) }
    if let days = rules.validDays {
      (train, valid) = train.divided(lastDays: days)
    } else if drawsValid {
      (train, valid) = train.divided(drawing: rules.validFraction, &stream)
    }
  }
}

extension Sequences {
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
