import Tensors

/// A model by name, with its options.
public struct ModelConfiguration: Sendable {
  /// All models there are.
  public static let kinds: [any SessionModel.Type] = [
    GRU4Rec.self, NARM.self, STAMP.self, SRGNN.self, CORE.self,
  ]

  /// Their names.
  public static var names: [String] { kinds.map { $0.name } }

  private let kind: any SessionModel.Type
  private let options: any ModelOptions

  /// A model with chosen options.
  public init<Model: SessionModel>(_ model: Model.Type, _ options: Model.Options = Model.Options()) {
    kind = model
    self.options = options
  }

  /// What the command line calls the model.
  public var name: String { kind.name }

  /// - Throws: `ModelError.badOption`.
  public func validate() throws(ModelError) { try options.validate() }

  /// The model, its weights all zero.
  /// - Parameter items: how many items the catalogue has, without padding.
  public func makeModel(items: Int) -> any SessionModel {
    func make<Model: SessionModel>(_ model: Model.Type) -> any SessionModel {
      Model(options as! Model.Options, items: items)
    }
    return make(kind)
  }
}

extension ModelConfiguration: Codable {
  private enum Key: String, CodingKey { case model }

  /// Reads `model` and, beside it, the model's options.
  /// - Throws: `ModelError.unknownModel`, or a decoding error.
  public init(from decoder: any Decoder) throws {
    let name = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .model)
    guard let kind = Self.kinds.first(where: { $0.name.lowercased() == name.lowercased() }) else {
      throw ModelError.unknownModel(name)
    }
    func options<Model: SessionModel>(_ model: Model.Type) throws -> any ModelOptions {
      try Model.Options(from: decoder)
    }
    self.kind = kind
    self.options = try options(kind)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .model)
    try options.encode(to: encoder)
  }
}
