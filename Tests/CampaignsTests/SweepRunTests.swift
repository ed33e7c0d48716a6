import Campaigns
import Foundation
import MPI
import Runs
import Storage
import TestSupport
import Testing

/// Sweeps over a command that computes nothing, on one rank: what is recorded, and what is run again.
@Suite final class SweepRunTests {
  /// Its figure is x, unless told to fail or to stop; every run is a line of `runs.txt` in its folder.
  private enum MadeUp: SweptCommand {
    static let name = "made-up"

    /// Every look at a file is a line beside it.
    static var inputs: [String: (_ path: String) throws -> String] {
      [
        "data": { path in
          try LockedFile(path: path + ".reads").append(line: "read")
          return try String(contentsOfFile: path, encoding: .utf8)
        }
      ]
    }

    static func validate(_ options: [String: String]) {}

    static func run(
      _ options: [String: String], folder: String, group: any ProcessGroup, output: RunOutput
    ) throws -> SweepOutcome {
      try RunsFile.add(folder)
      let sweep = URL(fileURLWithPath: folder).deletingLastPathComponent().deletingLastPathComponent().path
      if options["how"] == "interrupted", !FileManager.default.fileExists(atPath: sweep + "/go-on") {
        throw StopSignal.end(nil)
      }
      if options["how"] == "fails" { throw StorageError.cannotWrite(path: "/full", reason: "the disk\nis full") }
      try Data("x: \(options["x"] ?? "")\n".utf8).write(to: URL(fileURLWithPath: folder + "/config.yaml"))
      return SweepOutcome(figures: [
        SweepFigure(name: "MRR@10", value: Double(options["x"] ?? "") ?? 0), SweepFigure(name: "loss", value: 0.5),
      ])
    }
  }

  private enum RunsFile {
    static func add(_ folder: String) throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try LockedFile(path: folder + "/runs.txt").append(line: "run")
    }
  }

  private let folder: String
  init() throws { folder = try CaravanCommand.temporaryFolder() }
  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func sweep(_ yaml: String, retryFailed: Bool = false) throws -> SweepResults? {
    let file = try SweepFile(parsing: "command: made-up\n" + yaml, path: "s.yaml")
    return try SweepRun(file, folder: folder + "/sweep", group: SoloGroup(), commands: [MadeUp.self])
      .run(retryFailed: retryFailed)
  }

  private func read(_ name: String) throws -> String {
    try String(contentsOfFile: folder + "/sweep/" + name, encoding: .utf8)
  }

  private func runs(_ job: String) throws -> Int { try read("jobs/\(job)/runs.txt").split(separator: "\n").count }

  @Test func resultsAreSortedAndTheBestIsFound() throws {
    let results = try sweep("grid: {x: [0.25, 0.75, 0.5, 0.750], how: [a]}")
    let table = """
             x  how  MRR@10    loss
      1   0.75    a  0.7500  0.5000
      2  0.750    a  0.7500  0.5000
      3    0.5    a  0.5000  0.5000
      4   0.25    a  0.2500  0.5000

      """
    #expect(results?.text == table)
    #expect(try read("results.txt") == table)
    #expect(
      try read("best.yaml")
        == "# x=0.75,how=a: MRR@10 0.7500, loss 0.5000 on the valid split, the best of 4.\nx: 0.75\n")
    #expect(try read("best/config.yaml") == "x: 0.75\n")
  }

  @Test func whatFailsIsRecordedAndRunAgainWhenAsked() throws {
    let yaml = "grid: {x: [0.1, 0.2], how: [goes well, fails]}"
    let text = try #require(try sweep(yaml)?.text)
    #expect(
      text.hasSuffix(
        "failed: x=0.1,how=fails: cannot write /full: the disk is full\n"
          + "failed: x=0.2,how=fails: cannot write /full: the disk is full\n"))
    #expect(text.hasPrefix("     x        how  MRR@10    loss\n1  0.2  goes well  0.2000  0.5000\n"))
    #expect(try sweep(yaml)?.text == text)
    #expect(try read("jobs.jsonl").split(separator: "\n").count == 4)
    #expect(try runs("x=0.1,how=fails") == 1)
    #expect(try sweep(yaml, retryFailed: true)?.text == text)
    #expect(try runs("x=0.1,how=fails") == 2 && runs("x=0.1,how=goes-well") == 1)
  }

  @Test func anInterruptedSweepGoesOn() throws {
    let yaml = "grid: {job: [{x: 1, how: a}, {x: 2, how: interrupted}, {x: 3, how: a}]}"
    let first = try #require(try sweep(yaml))
    #expect(first.jobsLeft == 2 && first.text.hasSuffix("1  1    a  1.0000  0.5000\n2 jobs to do\n"))
    // What a process leaves that is killed while it writes.
    let records = try #require(FileHandle(forWritingAtPath: folder + "/sweep/jobs.jsonl"))
    try records.seekToEnd()
    try records.write(contentsOf: Data("{\"command\":\"made-up\",\"figu".utf8))
    try records.close()
    try Data().write(to: URL(fileURLWithPath: folder + "/sweep/go-on"))
    let second = try #require(try sweep(yaml))
    #expect(second.jobsLeft == 0)
    #expect(second.text.split(separator: "\n").map { String($0.prefix(4)) } == ["   x", "1  3", "2  2", "3  1"])
    #expect(try runs("x=1,how=a") == 1 && runs("x=2,how=interrupted") == 2 && runs("x=3,how=a") == 1)
  }

  @Test func aGridMayGrowButWhatAllJobsHaveMayNotChange() throws {
    _ = try sweep("options: {epochs: 3}\ngrid: {x: [1]}")
    let grown = try #require(try sweep("options: {epochs: 3}\ngrid: {x: [1, 2]}"))
    #expect(grown.text.split(separator: "\n").count == 3)
    #expect(try runs("x=1") == 1)
    for (options, option, current) in [("epochs: 4", "epochs", "4"), ("seed: 1", "epochs", "unset")] {
      #expect(
        throws: SweepError.optionDiffers(
          job: "x=1", option: option, saved: "3", current: current, folder: folder + "/sweep")
      ) { try sweep("options: {\(options)}\ngrid: {x: [1]}") }
    }
  }

  @Test func whatJobsReadMayNotChange() throws {
    let data = folder + "/data"
    func write(_ text: String) throws { try text.write(toFile: data, atomically: true, encoding: .utf8) }
    func reads() throws -> Int {
      try String(contentsOfFile: data + ".reads", encoding: .utf8).split(separator: "\n").count
    }
    let yaml = "options: {data: \(data)}\ngrid: {x: [1, 2, 3]}"
    let failing = "options: {data: \(data), how: fails}\ngrid: {x: [9]}"
    let failure = SweepError.allFailed(
      jobs: 1, folder: folder + "/sweep", first: "cannot write /full: the disk is full")
    try write("old")
    let text = try #require(try sweep(yaml)?.text)
    #expect(throws: failure) { try sweep(failing) }
    let before = try reads()
    #expect(try sweep(yaml)?.text == text)
    #expect(try reads() == before + 1, "one look is enough for all jobs")

    try write("new")
    #expect(
      throws: SweepError.inputDiffers(job: "x=1", option: "data", path: data, folder: folder + "/sweep")
    ) { try sweep(yaml) }
    // A job that failed has nothing to be compared.
    #expect(throws: failure) { try sweep(failing) }

    try write("old")
    #expect(try sweep(yaml)?.text == text)
    // The results outlive the data.
    try FileManager.default.removeItem(atPath: data)
    #expect(try sweep(yaml)?.text == text)
    #expect(try runs("x=1") == 1)
  }

  @Test func aSweepOfWhichNothingGoesWellFails() throws {
    #expect(
      throws: SweepError.allFailed(
        jobs: 2, folder: folder + "/sweep", first: "cannot write /full: the disk is full")
    ) { try sweep("options: {how: fails}\ngrid: {x: [1, 2]}") }
    #expect(try read("results.txt").split(separator: "\n").count == 2)
  }

  @Test func commandAndRanksAreChecked() throws {
    let file = try SweepFile(parsing: "command: bake\ngrid: {x: [1]}", path: "s.yaml")
    #expect(throws: SweepError.unknownCommand("bake", known: ["made-up"])) {
      try SweepRun(file, folder: folder, group: SoloGroup(), commands: [MadeUp.self])
    }
    let known = try SweepFile(parsing: "command: made-up\ngrid: {x: [1]}", path: "s.yaml")
    for ranks in [0, 2] {
      #expect(throws: SweepError.moreRanksThanThereAre(perJob: ranks, ranks: 1)) {
        try SweepRun(known, folder: folder, group: SoloGroup(), ranksPerJob: ranks, commands: [MadeUp.self])
      }
    }
  }
}
