/// What a run says of some steps in a row: a line of `metrics.jsonl` every `--log-every` steps.
package struct StepRecord: Codable, Equatable, Sendable {
  /// Steps done.
  package var step: Int
  /// Mean over the targets of the steps since the last record, in nats.
  package var loss: Double
  /// The learning rate of the last of them.
  package var lr: Double
  package var sessionsPerSecond: Double
  /// Which share of their time rank 0 waited for messages.
  package var waiting: Double

  enum CodingKeys: String, CodingKey {
    case step, loss, lr, waiting
    case sessionsPerSecond = "sessions_per_second"
  }
}

/// Adds steps up until there is a record to be made of them.
struct StepSums {
  /// How many steps a record is made of.
  let every: Int

  private var steps = 0
  private var loss = 0.0
  private var targets = 0
  private var sessions = 0.0
  private var seconds = 0.0
  private var waited = 0.0

  init(every: Int) { self.every = every }

  /// - Parameters:
  ///   - loss: the sum over the targets.
  ///   - waited: the part of `seconds` that went into waiting.
  /// - Returns: a record where one is due.
  mutating func add(
    step: Int, loss: Double, targets: Int, sessions: Double, seconds: Double, waited: Double, rate: Double
  ) -> StepRecord? {
    steps += 1
    self.loss += loss
    self.targets += targets
    self.sessions += sessions
    self.seconds += seconds
    self.waited += waited
    guard steps == every else { return nil }
    defer { self = StepSums(every: every) }
    return StepRecord(
      step: step, loss: self.loss / Double(max(1, self.targets)), lr: rate,
      sessionsPerSecond: self.seconds > 0 ? self.sessions / self.seconds : 0,
      waiting: self.seconds > 0 ? self.waited / self.seconds : 0)
  }
}
