import Foundation
import Models
import Sessions

/// Every option of a run that counts: few, for nothing is optimised.
public struct CountingPlan: Sendable {
  /// The folder of the prepared data set.
  public var dataset: String
  public var model: CountingModel
  /// The locales whose sessions are counted; empty for all. The vocabulary is kept whole.
  public var locales: Set<ShopLocale> = []

  public init(dataset: String, model: CountingModel) {
    self.dataset = dataset
    self.model = model
  }
}

extension CountingPlan: RunPlan {
  private enum Key: String, CodingKey {
    case dataset, model, locales
  }

  public var modelName: String { model.name }

  public func validate() {}

  public func decidingOptions() throws -> [String: String] {
    try resolvedOptions().filter { $0.key != Key.dataset.rawValue }
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    dataset = try values.decode(String.self, forKey: .dataset)
    let name = try values.decode(String.self, forKey: .model)
    guard let model = CountingModel(name: name) else { throw ModelError.unknownModel(name) }
    self.model = model
    let list = try values.decodeIfPresent(String.self, forKey: .locales) ?? ""
    locales = list.isEmpty ? [] : try ShopLocale.parse(list: list)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(dataset, forKey: .dataset)
    try values.encode(model.name, forKey: .model)
    try values.encode(locales.inOrder.map(\.name).joined(separator: ","), forKey: .locales)
  }
}
