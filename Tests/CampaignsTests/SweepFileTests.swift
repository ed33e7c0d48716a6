import Campaigns
import Foundation
import Testing

@Suite struct SweepFileTests {
  private func jobs(_ yaml: String, _ settings: [String] = []) throws -> [SweepJob] {
    try SweepFile(parsing: yaml, path: "s.yaml", settings: settings).jobs()
  }

  private func reason(_ yaml: String) -> String {
    do {
      _ = try jobs(yaml)
    } catch SweepError.malformed(let path, let reason) {
      return path == "s.yaml" ? reason : ""
    } catch {}
    return ""
  }

  @Test func aGridCombinesAllValuesTheFirstOptionSlowest() throws {
    let found = try jobs("options: {model: STAMP, epochs: 3}\ngrid:\n  lr: [0.01, 1e-3]\n  step: [1, 2]\n")
    #expect(found.map(\.name) == ["lr=0.01,step=1", "lr=0.01,step=2", "lr=1e-3,step=1", "lr=1e-3,step=2"])
    #expect(found[2].options == ["model": "STAMP", "epochs": "3", "lr": "1e-3", "step": "1"])
    #expect(found[2].varied.map(\.text) == ["1e-3", "1"])
  }

  @Test func optionsInOneValueVaryTogether() throws {
    let yaml = """
      command: finetune
      options: {locales: [ES, FR]}
      grid:
        dropout_probs: [[0.25, 0.5], "0.2,0.2"]
        sizes:
          - {embedding-size: 32, hidden_size: 64}
          - {embedding-size: 64}
      """
    let found = try jobs(yaml)
    #expect(try SweepFile(parsing: yaml, path: "s.yaml").command == "finetune")
    #expect(
      found.map(\.options) == [
        ["locales": "ES,FR", "dropout_probs": "0.25,0.5", "embedding_size": "32", "hidden_size": "64"],
        ["locales": "ES,FR", "dropout_probs": "0.25,0.5", "embedding_size": "64"],
        ["locales": "ES,FR", "dropout_probs": "0.2,0.2", "embedding_size": "32", "hidden_size": "64"],
        ["locales": "ES,FR", "dropout_probs": "0.2,0.2", "embedding_size": "64"],
      ])
    #expect(found[0].name == "dropout_probs=0.25-0.5,embedding_size=32,hidden_size=64")
  }

  @Test func settingsOutweighTheFile() throws {
    let yaml = "options: {epochs: 3, seed: 1}\ngrid: {lr: [1]}\n"
    let found = try jobs(yaml, ["epochs=5", "batch-size=9", "locales=", "checkpoint=a=b"])
    #expect(
      found[0].options == [
        "epochs": "5", "seed": "1", "batch_size": "9", "locales": "", "checkpoint": "a=b", "lr": "1",
      ])
    for bad in ["epochs", "=5"] { #expect(throws: SweepError.badSetting(bad)) { try jobs(yaml, [bad]) } }
  }

  @Test func whatComesOutTwiceIsThereOnce() throws {
    #expect(try jobs("grid: {lr: [0.1, 0.2, 0.1]}").map(\.name) == ["lr=0.1", "lr=0.2"])
    #expect(throws: SweepError.sameName("file=a-b")) { try jobs("grid: {file: [a/b, \"a:b\"]}") }
  }

  @Test func aLongNameEndsInAChecksum() throws {
    let long = String(repeating: "x", count: 300)
    let found = try jobs("grid: {file: [\(long)1, \(long)2]}")
    #expect(found.count == 2 && found[0].name != found[1].name)
    for job in found { #expect(job.name.utf8.count == 120 && job.name.hasPrefix("file=xxx")) }
    // As on any machine, at any time: a sweep that goes on finds its jobs by name.
    #expect(try jobs("grid: {file: [\(long)1]}")[0].name == found[0].name)
  }

  @Test func aRandomSearchDrawsFromRangesAndChoices() throws {
    let yaml = """
      random:
        samples: 400
        seed: 7
        options:
          lr: {from: 0.0001, to: 0.01, scale: log}
          dropout: {from: 0.1, to: 0.5}
          num_layers: {from: 1, to: 3}
          hidden_size: {from: 16, to: 256, scale: log}
          pair: [{a: 1, b: 1}, {a: 2, b: 2}]
      """
    let found = try jobs(yaml)
    func numbers(_ name: String) -> [Double] { found.compactMap { $0.options[name].flatMap { Double($0) } } }
    #expect(found.count == 400)
    let rates = numbers("lr"), dropouts = numbers("dropout"), sizes = numbers("hidden_size")
    #expect(rates.allSatisfy { 0.0001 <= $0 && $0 <= 0.01 } && dropouts.allSatisfy { 0.1 <= $0 && $0 <= 0.5 })
    // On a logarithmic scale half are below the geometric mean; of 400, fewer than 150 or more than 250 are five
    // standard deviations off.
    #expect((150...250).contains(rates.filter { $0 < 0.001 }.count))
    #expect((150...250).contains(sizes.filter { $0 < 64 }.count))
    #expect((150...250).contains(dropouts.filter { $0 < 0.3 }.count))
    #expect(Set(numbers("num_layers")) == [1, 2, 3] && sizes.allSatisfy { $0 == $0.rounded() })
    #expect(Set(found.map { "\($0.options["a"] ?? "")\($0.options["b"] ?? "")" }) == ["11", "22"])
    #expect(found.allSatisfy { ($0.options["lr"] ?? "").filter(\.isNumber).drop { $0 == "0" }.count <= 6 })

    // The same again, fewer samples are the first of many, another seed draws others.
    #expect(try jobs(yaml) == found)
    #expect(try jobs(yaml.replacing("400", with: "30")) == Array(found.prefix(30)))
    #expect(try jobs(yaml.replacing("seed: 7", with: "seed: 8")) != found)
  }

  @Test func whatMakesNoSenseIsNamed() {
    #expect(reason("grid: [").hasPrefix("it is not YAML"))
    #expect(reason("lr") == "it has no lines of the form `command: train`")
    #expect(reason("command: train\nmodel: GRU4Rec") == "it may have command, options, grid, random, but not model")
    #expect(reason("options: {lr: 1}") == "it lacks a grid, or random")
    #expect(reason("grid: {lr: [1]}\nrandom: {}") == "it has both a grid and random: leave out one")
    #expect(reason("grid: {lr: 0.1}") == "grid.lr is no list of values")
    #expect(reason("grid: {lr: {from: 1, to: 2}}") == "grid.lr is no list of values")
    #expect(reason("grid: {lr: []}") == "grid.lr is no list of values")
    #expect(
      reason("options: {lr: 1}\ngrid: {lr: [1]}")
        == "lr varies, and all jobs have it by options or --set: leave it out of one")
    #expect(reason("grid: {lr: [1], both: [{lr: 2}]}") == "lr varies twice, the second time with both")
    #expect(reason("grid: {valid_metric: [MRR@10]}").hasPrefix("jobs are compared by valid_metric"))
    #expect(reason("random: {samples: 0, options: {lr: [1]}}") == "random.samples is no whole number from 1 up")
    #expect(reason("random: {samples: 3, seed: x, options: {lr: [1]}}") == "random.seed is no whole number")
    #expect(reason("random: {samples: 3}") == "random needs samples and options")
    let range = "random.options.lr has not the form {from: 0.0001, to: 0.01, scale: log}, or scale: linear"
    #expect(
      reason("random: {samples: 3, options: {lr: {from: 2, to: 1}}}")
        == "random.options.lr goes from 2 to 1, which is less: change the two")
    for ends in ["from: 1", "from: 1, to: 2, scale: cubic", "from: 1, to: 2, step: 1"] {
      #expect(reason("random: {samples: 3, options: {lr: {\(ends)}}}") == range, "\(ends)")
    }
    #expect(
      reason("random: {samples: 3, options: {lr: {from: 0, to: 1, scale: log}}}")
        == "random.options.lr begins at 0, scale: log needs more than 0")
  }

  /// A slip of some zeros is told before the jobs are made, which would fill the memory.
  @Test(arguments: [
    "random: {samples: 3000000000, options: {lr: [0.1]}}",
    "random: {samples: 9223372036854775807, options: {lr: [0.1]}}",
    "grid: {" + (1...40).map { "x\($0): [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]" }.joined(separator: ", ") + "}",
  ]) func moreJobsThanCanBeRunAreRefused(search: String) {
    do throws(SweepError) {
      _ = try SweepFile(parsing: search, path: "a.yaml")
      Issue.record("accepted")
    } catch {
      #expect("\(error)".contains("of which at most 100000 can be run"), "\(error)")
    }
  }
}
