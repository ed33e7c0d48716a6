import Foundation
import Models
import OptionTables
import Runs
import Testing

/// Defaults by model and preset.
@Suite struct PresetTests {
  private func plan(_ flags: [String: String]) throws -> TrainingPlan {
    try TrainingPlan(file: nil, flags: flags.merging(["dataset": "d"]) { $1 })
  }

  @Test func recipesNameOptionsThatThereAreWithAllowedValues() throws {
    for name in ModelConfiguration.names {
      let tuned = try plan(["model": name])
      for (option, text) in tuned.model.recipe {
        #expect(tuned.table[option]?.read(tuned) == text, "\(name) \(option)")
      }
    }
  }

  @Test func recboleIsTheLastItemAtAConstantRate() throws {
    for name in ModelConfiguration.names {
      let recbole = try plan(["model": name, "preset": "recbole"])
      #expect(recbole.targets == .last && recbole.epochs == 10)
      #expect(recbole.optimization.rate == 0.001 && recbole.optimization.schedule == .constant)
      #expect(recbole.optimization.warmupSteps == 0)
      #expect(name != "GRU4Rec" || recbole.table["dropout"]?.read(recbole) == "0.3")
    }
  }

  @Test func whatIsGivenOutweighsAPreset() throws {
    let given = try plan(["model": "GRU4Rec", "preset": "recbole", "learning_rate": "0.25", "targets": "all"])
    #expect(given.optimization.rate == 0.25 && given.targets == .all && given.epochs == 10)
  }

  /// Every option is written: the preset decides nothing afterwards.
  @Test func aPresetIsNoPartOfWhatACheckpointCompares() throws {
    let recbole = try plan(["model": "CORE", "preset": "recbole"])
    var same = recbole
    same.preset = .tuned
    #expect(same.decidingOptions == recbole.decidingOptions)
    #expect(try plan(["model": "CORE"]).decidingOptions != recbole.decidingOptions)
  }

  /// A checkpoint from before an option was there was trained as RecBole trains.
  @Test func whatCameLaterHadRecBolesValue() throws {
    let tuned = try plan(["model": "NARM"])
    #expect(tuned.originalText(of: "targets") == "last" && tuned.originalText(of: "lr_schedule") == "constant")
  }

  /// Each file under configs/ is a whole configuration: of the model that it is called by, but for the data set.
  @Test(arguments: ["small", "medium", "large"])
  func recipesAreConfigurations(size: String) throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "configs/\(size)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(names.sorted() == ["core", "gru4rec", "narm", "sasrec", "srgnn", "stamp"].map { $0 + ".yaml" })
    for name in names {
      let plan = try PlanSource(file: folder.path + "/" + name, flags: ["dataset": "data"]).plan(TrainingPlan.self)
      #expect(plan.modelName.lowercased() + ".yaml" == name)
      let defaults = try PlanSource(file: nil, flags: ["dataset": "data", "model": plan.modelName])
        .plan(TrainingPlan.self)
      #expect((try plan.yaml() == defaults.yaml()) == (size == "medium"))
    }
  }
}
