import TestSupport
import Testing

@Suite struct FixtureTests {
  /// The tolerance that the references give for float32.
  static let tolerance: Float = 1e-4

  @Test(arguments: try Fixture.all(trajectories: false))
  func singleStepAgreesWithRecBole(_ fixture: Fixture) throws {
    guard let deviations = try fixture.singleStepDeviations() else { return }
    for deviation in deviations {
      #expect(deviation.value <= Self.tolerance, "\(fixture.name): \(deviation)")
    }
    #expect(deviations.count > 3, "\(fixture.name) has gradients to compare")
  }
}
