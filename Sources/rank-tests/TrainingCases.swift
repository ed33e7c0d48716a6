import MPI
import TestSupport

/// The training step on several ranks, against RecBole's own runs.
var trainingCases: [String: RankCase] { ["trajectories": trajectories] }

private func trajectories(_ group: any ProcessGroup) throws {
  for fixture in try Fixture.all(trajectories: true) {
    for deviation in try fixture.trajectoryDeviations(lanes: 8, group: group) ?? [] {
      try expect(deviation.value <= 1e-4, "\(fixture.name): \(deviation) is at most 1e-4")
    }
  }
}
