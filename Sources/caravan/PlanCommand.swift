import ArgumentParser
import Foundation
import MPI
import OptionTables
import Runs
import Storage

struct PlanCommand: LeaderCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Computes what a training would take on some nodes: memory, messages, time.",
    discussion: """
      Prints a line for each layout of the item table and several ranks and threads a node, the fastest marked by a *. \
      Needs neither data nor MPI. Without --calibration the constants are those of one machine, which is named.

      caravan plan --model GRU4Rec --items 10M --nodes 4 --cores 16 --memory 64G --network 10GbE
      """)

  @Option(help: ArgumentHelp("What caravan bench --calibrate wrote on such a node.", valueName: "file"))
  var calibration: String?

  @Option(help: ArgumentHelp("Write the answer here, too, as JSON.", valueName: "file"))
  var json: String?

  @OptionGroup(title: "Training and nodes") var question: OptionFlags<ForecastSection>
  @OptionGroup(title: "Model") var model: OptionFlags<ModelSection>

  func run() throws {
    let given = ["model": "GRU4Rec"].merging(question.given) { $1 }.merging(model.given) { $1 }
    let plan = try PlanSource(file: nil, flags: given).plan(ForecastPlan.self)
    if let json { try OutputPlace.check(json: json, inputs: [calibration].compactMap { $0 }) }
    let forecast = try ClusterForecast(plan, speed: try calibration.map { try NodeSpeed(file: $0) } ?? .zen4)
    print(forecast.text, terminator: "")
    if let json { try atomicWrite(try forecast.json(), to: json) }
    if forecast.best == nil { throw EndOfProcess(code: 1) }
  }
}
