import Foundation
import Models
import OptionTables
import Sessions

/// Every option of a run that counts: few, for nothing is optimised.
public struct CountingPlan: Sendable {
  /// The folder of the prepared data set.
  public var dataset: String
  public var model: CountingModel
  /// The locales whose sessions are counted, by their names; empty for all. The vocabulary is kept whole.
  public var locales: [String] = []

  public init() {
    dataset = ""
    model = .pop
  }
}

extension CountingPlan: RunPlan {
  public var modelName: String { model.name }

  public var table: OptionTable<CountingPlan> {
    OptionTable([
      .dataset(\.dataset),
      OptionDeclaration("model", \.model, .choice, isRequired: true, "The counting model: see caravan models."),
      .locales(\.locales),
    ])
  }
}
