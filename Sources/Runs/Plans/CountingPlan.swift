import Foundation
import Models
import OptionTables
import Sessions

/// Every option of a run that counts.
public struct CountingPlan: Sendable {
  /// The folder of the prepared data set.
  public var dataset: String
  /// What is counted.
  public var model: CountingModel
  /// The locales whose sessions are counted, by their names; empty for all. The vocabulary is kept whole.
  public var locales: [String] = []
  /// Of COUNTS; the other models have none.
  public var counting = CountingOptions()

  /// POP on all locales; `dataset` is empty.
  public init() {
    dataset = ""
    model = .pop
  }
}

extension CountingPlan: RunPlan {
  public var modelName: String { model.name }

  /// COUNTS' own options are in it where the model is COUNTS.
  public var table: OptionTable<CountingPlan> {
    let common = OptionTable<CountingPlan>([
      .dataset(\.dataset),
      OptionDeclaration("model", \.model, .choice, isRequired: true, "The counting model: see caravan models."),
      .locales(\.locales),
    ])
    return model.hasOptions ? OptionTable(joining: [common, CountingOptions.table.lifted(\.counting)]) : common
  }
}
