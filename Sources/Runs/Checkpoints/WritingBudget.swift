/// What writing a checkpoint may cost the training that goes on meanwhile: a small share of its time, for the pieces that
/// the ranks wait for and for the processor's time that the writing thread takes from them. The copy is paid for before:
/// to make up for it by waiting would only keep its memory longer.
package struct WritingBudget {
  private static let share = 0.02
  /// The seconds that a piece is taken to cost before any was written: more than one does on any machine of today.
  private static let firstGuess = 0.001

  /// Seconds since the snapshot was taken.
  package var elapsed: Double
  /// Seconds that moving pieces took.
  package var moving = 0.0
  /// Seconds that the writing thread took.
  package var writing = 0.0
  /// Pieces that are written, and that wait for it.
  package var written = 0
  package var waiting = 0

  package init(elapsed: Double) { self.elapsed = elapsed }

  /// How many more pieces may be moved.
  package var pieces: Int {
    let moved = written + waiting
    var cost = Self.firstGuess
    if written > 0 { cost = moving / Double(moved) + writing / Double(written) }
    let left = Self.share * elapsed - moving - writing - Double(waiting) * cost
    // Were pieces to cost nothing, as where the clock is coarse, there would be no end of them.
    return Int(min(max(0, left / max(cost, 1e-6)), 4096))
  }
}
