import Foundation
import Learning
import Testing

@Suite struct RateScheduleTests {
  private func schedule(_ shape: RateSchedule.Shape, warmup: Int = 0) -> RateSchedule {
    RateSchedule(shape: shape, base: 0.5, warmupSteps: warmup, decay: 0.1, decaySteps: 10, totalSteps: 100)
  }

  @Test func constant() { #expect([0, 57, 99].map(schedule(.constant).rate) == [0.5, 0.5, 0.5]) }

  @Test func step() {
    let rates = [0, 9, 10, 19, 20].map(schedule(.step).rate)
    for (rate, expected) in zip(rates, [0.5, 0.5, 0.05, 0.05, 0.005]) { #expect(abs(rate - expected) < 1e-12) }
  }

  @Test func cosineFallsToZero() {
    let cosine = schedule(.cosine)
    #expect(cosine.rate(at: 0) == 0.5)
    #expect(abs(cosine.rate(at: 50) - 0.25) < 1e-12)
    #expect(abs(cosine.rate(at: 25) - 0.25 * (1 + cos(Double.pi / 4))) < 1e-12)
    #expect(abs(cosine.rate(at: 100)) < 1e-12)
  }

  @Test func warmupRisesToTheFullRate() {
    let rates = [0, 1, 4, 5].map(schedule(.cosine, warmup: 5).rate)
    for (rate, expected) in zip(rates, [0.1, 0.2, 0.5, 0.5]) { #expect(abs(rate - expected) < 1e-12) }
  }
}
