import Campaigns
import Foundation
import MPI
import Runs
import Storage

/// Sweeps whose jobs run in groups of ranks, and fail in the ways in which a group can fail together.
var sweepCases: [String: RankCase] {
  [
    "sweep": sweepInGroups,
    "sweep-interrupted": { group in
      // Every group stops at the first job that is interrupted.
      let yaml = "command: group-work\ngrid: {how: [well, interrupted], x: [1, 2]}"
      let file = try SweepFile(parsing: yaml, path: "s.yaml")
      let folder = try commonFolder(group)
      for ranksPerJob in 1...group.size {
        let run = try SweepRun(
          file, folder: "\(folder)/\(ranksPerJob)", group: group, ranksPerJob: ranksPerJob,
          commands: [GroupWork.self])
        let left = try run.run()?.jobsLeft
        try expect(left == (group.rank == 0 ? 2 : nil), "2 jobs are left, not \(left ?? -1)")
      }
      try group.together { if group.rank == 0 { try FileManager.default.removeItem(atPath: folder) } }
    },
    "sweep-lost-rank": { group in
      // One rank leaves a job by an error of MPI while its peers wait in a collective call: the job must end.
      let file = try SweepFile(parsing: "command: group-work\ngrid: {how: [rank-1-leaves]}", path: "s.yaml")
      _ = try SweepRun(file, folder: try commonFolder(group), group: group, commands: [GroupWork.self]).run()
    },
  ]
}

/// Its figure is something that all ranks of the group work out together; x tells jobs apart.
private enum GroupWork: SweptCommand {
  static let name = "group-work"
  static func validate(_ options: [String: String]) {}

  static func run(
    _ options: [String: String], folder: String, group: any ProcessGroup, output: RunOutput
  ) throws -> SweepOutcome {
    // Ranks at odds about which job they are in would hang or find other numbers.
    var job = [Int64(options["x"] ?? "0") ?? 0], shares = [Int64(group.rank + 1)]
    let own = job
    try group.broadcast(&job, from: group.size - 1)
    try expectEqual(job, own, "the job of the group")
    try group.sum(&shares)
    try expectEqual(shares, [Int64(group.size * (group.size + 1) / 2)], "a sum over the group")
    switch options["how"] {
    case "last-rank-fails":
      try group.together {
        if group.rank == group.size - 1 { throw StorageError.cannotWrite(path: "/full", reason: "no space") }
      }
    case "all-diverge": throw RunError.diverged(sign: "the loss at step 3 is inf", rate: 9, checkpoint: nil)
    case "too-many-ranks": throw MPIError.moreRanksThanLanes(ranks: 9, lanes: 8)
    case "interrupted": throw StopSignal.end(nil)
    case "rank-1-leaves":
      if group.rank == 1 { throw MPIError.failed(call: "MPI_Send", code: 1, text: "the cable is out") }
      try group.barrier()
    default: break
    }
    try group.together {
      guard group.rank == 0 else { return }
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try atomicWrite(Data("x: \(job[0])\n".utf8), to: folder + "/config.yaml")
    }
    // Only what rank 0 returns counts.
    let value = group.rank == 0 ? Double(job[0] * 7 % 11) : -1
    return SweepOutcome(figures: [SweepFigure(name: "remainder", value: value)])
  }
}

private func sweepInGroups(_ group: any ProcessGroup) throws {
  let yaml = """
    command: group-work
    grid:
      how: [well, last-rank-fails, all-diverge, too-many-ranks]
      x: [1, 2, 3, 4, 5]
    """
  let file = try SweepFile(parsing: yaml, path: "s.yaml")
  let folder = try commonFolder(group)
  var texts: [String] = []
  for ranksPerJob in 1...group.size {
    let part = "\(folder)/\(ranksPerJob)"
    let run = try SweepRun(file, folder: part, group: group, ranksPerJob: ranksPerJob, commands: [GroupWork.self])
    let results = try run.run()
    try expect((results != nil) == (group.rank == 0), "rank 0 alone has the results")
    // Nothing is left to do: no job is run twice.
    _ = try run.run()
    try group.together {
      guard group.rank == 0 else { return }
      let lines = try String(contentsOfFile: part + "/jobs.jsonl", encoding: .utf8).split(separator: "\n")
      try expect(lines.count == 20, "20 jobs leave 20 lines, not \(lines.count)")
      texts.append(results?.text ?? "")
    }
  }
  try group.together {
    guard group.rank == 0 else { return }
    try FileManager.default.removeItem(atPath: folder)
    // 7x modulo 11 is 7, 3, 10, 6, 2.
    let lines = texts[0].split(separator: "\n").map(String.init)
    try expect(lines.count == 21, "5 jobs go well and 15 fail, not \(lines)")
    try expect(lines[0].hasSuffix("how  x  remainder") && lines[1].hasSuffix("well  3    10.0000"), "\(lines)")
    try expect(lines[5].hasSuffix("well  5     2.0000"), "\(lines)")
    try expect(lines[6] == "failed: how=last-rank-fails,x=1: cannot write /full: no space", "\(lines[6])")
    try expect(lines[11].contains(",x=1: the loss at step 3 is inf, with a learning rate of 9"), "\(lines[11])")
    try expect(lines[20].contains("9 ranks are more than the 8 lanes"), "\(lines[20])")
    try expect(texts.allSatisfy { $0 == texts[0] }, "the results are the same for any size of groups: \(texts)")
  }
}

/// A new folder that all ranks know.
private func commonFolder(_ group: any ProcessGroup) throws -> String {
  var folder = try group.together { () -> String in
    guard group.rank == 0 else { return "" }
    let made = FileManager.default.temporaryDirectory.appendingPathComponent("caravan-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: made, withIntermediateDirectories: true)
    return made
  }
  try group.broadcast(&folder, from: 0)
  return folder
}
