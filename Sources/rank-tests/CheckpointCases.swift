import Catalogue
import Foundation
import Learning
import MPI
import Models
import Runs
import Sessions
import Storage
import TestSupport

/// Checkpoints that are written while training goes on.
var checkpointCases: [String: RankCase] { ["background-checkpoint": backgroundCheckpoint] }

private let items = 4000

/// Steps of training, over and over on the same sessions.
private struct Training {
  let trainer: Trainer
  private let sessions = SyntheticSessions.table(sessions: 60, items: items, seed: 3)

  init(_ placement: TablePlacement, on group: any ProcessGroup) throws {
    // Parts of several pieces, of which the last is smaller; of ranks beyond the fourth nothing but that.
    let model = GRU4Rec(GRU4Rec.Options(), items: items)
    var options = Trainer.Options(lanes: 8)
    options.placement = placement
    trainer = try Trainer(model, options, group: group)
    try trainer.table.initialise(seed: 4)
    model.parameters.initialiseDense(seed: 4)
  }

  func run(_ steps: Range<Int>) throws {
    for step in steps { _ = try trainer.run(step, on: Array(0..<60)[...], of: sessions, rate: 0.01) }
  }
}

/// However its pieces are moved, a checkpoint has the bytes that it would have had if all had waited for it; and one that
/// is left off leaves nothing.
private func backgroundCheckpoint(_ group: any ProcessGroup) throws {
  var folder = FileManager.default.temporaryDirectory.appendingPathComponent("caravan-\(UUID().uuidString)").path
  try group.broadcast(&folder, from: 0)
  defer { if group.rank == 0 { try? FileManager.default.removeItem(atPath: folder) } }
  try group.together {
    guard group.rank == 0 else { return }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(String(repeating: "item\n", count: items).utf8).write(to: URL(fileURLWithPath: folder + "/items.txt"))
  }
  let names = try ItemCatalog(path: folder + "/items.txt", count: items)
  let state = CheckpointState(
    step: 3, options: [:], items: items, vocabulary: "", dataset: "", build: nil, progress: RunProgress())
  let place = group.rank == 0 ? try FolderIdentity(folder) : nil
  var expected: [String: String]?
  for placement in TablePlacement.allCases {
    let training = try Training(placement, on: group), trainer = training.trainer
    func begin(_ name: String) -> BackgroundSave {
      BackgroundSave(trainer, state, items: names, to: folder + "/" + name, in: place)
    }
    func expectSame(_ name: String) throws {
      try group.together {
        guard group.rank == 0 else { return }
        let sums = try CaravanCommand.checksums(ofCheckpoint: folder + "/" + name)
        try expect(sums.count == 4 && sums == expected ?? sums, "\(name), \(placement): \(sums) are the expected bytes")
        expected = sums
      }
    }
    try training.run(0..<3)
    let atOnce = begin("at-once"), inParts = begin("in-parts"), leftOff = begin("left-off"), halfLeft = begin("half")
    try TrainerSnapshot(trainer, state, items: names).save(to: folder + "/waited-for", group: group)
    try expectSame("waited-for")
    try atOnce.finish()
    try expectSame("at-once")
    for step in 3..<7 {
      try training.run(step..<step + 1)
      try inParts.move(step - 2)
      try halfLeft.move(1)
    }
    try inParts.finish()
    try expectSame("in-parts")
    leftOff.cancel()
    halfLeft.cancel()
    try group.together {
      guard group.rank == 0 else { return }
      let left = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      try expect(left == ["at-once", "in-parts", "items.txt", "waited-for"], "\(left) is what was written")
      for name in left where name != "items.txt" { try FileManager.default.removeItem(atPath: folder + "/" + name) }
    }
  }
  try failures(group, folder, state, names, place)
}

/// What fails on rank 0's thread fails on all ranks; here something is in the way of the folder.
private func failures(
  _ group: any ProcessGroup, _ folder: String, _ state: CheckpointState, _ names: ItemCatalog, _ place: FolderIdentity?
) throws {
  let training = try Training(.replicated, on: group)
  let save = BackgroundSave(training.trainer, state, items: names, to: folder + "/items.txt/step", in: place)
  var found: (any Error)?
  do { try save.finish() } catch { found = error }
  if group.rank == 0 {
    guard case StorageError.cannotWrite? = found else {
      throw CheckFailed("\(String(describing: found)) is no failure to write")
    }
  } else {
    try expect(found as? MPIError == .peerFailed(rank: 0), "\(String(describing: found)) is rank 0's failure")
  }
}
