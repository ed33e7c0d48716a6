import Sessions
import Tensors

/// A session-based recommender: it turns each session into one vector, whose products with the rows of the item
/// table, or what else `scoring` says, are the scores of the catalogue.
///
/// A model is written forwards only; the tape gives the gradients. It knows nothing of ranks, losses, or where
/// the item table lives. A new model is one file and one line in `ModelConfiguration.kinds`.
public protocol SessionModel: AnyObject, SendableMetatype {
  associatedtype Options: ModelOptions

  /// What the command line calls the model: RecBole's name.
  static var name: String { get }

  /// What the model is, in a few words.
  static var summary: String { get }

  /// Where it is described.
  static var papers: [String] { get }

  /// - Parameter items: how many items the catalogue has, without padding.
  init(_ options: Options, items: Int)

  /// The weights, named as in RecBole's state_dict.
  var parameters: ParameterSet { get }

  /// How the catalogue is scored; by products where a model says nothing.
  var scoring: CatalogueScoring { get }

  /// How many clicks of a session the model can take; nil for any number, as where a model says nothing.
  var longestSession: Int? { get }

  /// How the batch holds sessions of which every prefix is asked about: `shared` by models that encode all
  /// prefixes in one pass over the session, `apart` by all others, and where a model says nothing.
  static var prefixes: RaggedBatch.PrefixLayout { get }

  /// One vector a query, of which a session has one unless training asks about all of its prefixes. Where
  /// `prefixes` is `shared`, what dropout takes from a click it takes from all prefixes that see the click.
  /// - Parameters:
  ///   - batch: the sessions of one lane; there may be none.
  ///   - tape: records the operations, and says where random numbers are addressed.
  /// - Returns: `[queries, D]`, in the order of the batch.
  func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable
}

extension SessionModel {
  public var longestSession: Int? { nil }
  public static var prefixes: RaggedBatch.PrefixLayout { .apart }
}

/// The sizes and rates of one model. Coded flat, under the names of the command line's flags with underscores;
/// what is missing keeps its default.
public protocol ModelOptions: Codable, Equatable, Sendable {
  /// The defaults.
  init()

  /// - Throws: `ModelError.badOption` for the first value that makes no sense.
  func validate() throws(ModelError)
}

/// What can be wrong with the choice of a model.
public enum ModelError: Error, Equatable, CustomStringConvertible {
  case unknownModel(String)
  case badOption(name: String, value: String, allowed: String)

  public var description: String {
    switch self {
    case .unknownModel(let name):
      "there is no model \(name): choose one of "
        + (ModelConfiguration.names + CountingModel.names).joined(separator: ", ")
    case .badOption(let name, let value, let allowed):
      "--\(name.replacing("_", with: "-")) is \(value): choose \(allowed)"
    }
  }
}

extension ModelOptions {
  /// - Throws: `ModelError.badOption` unless `value` is 1 or more.
  func requirePositive(_ value: Int, _ name: String) throws(ModelError) {
    if value < 1 { throw .badOption(name: name, value: "\(value)", allowed: "a whole number from 1 up") }
  }

  /// - Throws: `ModelError.badOption` unless `rate` is in 0 ..< 1.
  func requireRate(_ rate: Float, _ name: String) throws(ModelError) {
    if !(0..<1).contains(rate) {
      throw .badOption(name: name, value: "\(rate)", allowed: "a number from 0 up to, not including, 1")
    }
  }
}

extension KeyedDecodingContainer {
  /// The value under a key, or `standard` where there is none.
  package func value<T: Decodable>(_ key: Key, or standard: T) throws -> T {
    try decodeIfPresent(T.self, forKey: key) ?? standard
  }
}
