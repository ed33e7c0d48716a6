import MPI
import TestSupport
import Testing

@Suite struct TrajectoryTests {
  @Test(arguments: try Fixture.all(trajectories: true))
  func trajectoryAgreesWithRecBole(_ fixture: Fixture) throws {
    guard let deviations = try fixture.trajectoryDeviations(lanes: 8, group: SoloGroup()) else { return }
    for deviation in deviations { #expect(deviation.value <= 1e-4, "\(fixture.name): \(deviation)") }
  }
}
