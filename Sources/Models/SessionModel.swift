import OptionTables
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

  /// What the model is best trained with where that is not the default of `caravan train` or of its own options: values
  /// by the options' names, chosen on valid sessions of Amazon-M2. Nothing where a model says nothing.
  static var recipe: [String: String] { get }

  /// - Parameter items: how many items the catalogue has, without padding.
  init(_ options: Options, items: Int)

  /// The weights, named as in RecBole's state_dict.
  var parameters: ParameterSet { get }

  /// How the catalogue is scored; by products where a model says nothing.
  var scoring: CatalogueScoring { get }

  /// How many clicks of a session the model can take; nil for any number, as where a model says nothing.
  var longestSession: Int? { get }

  /// How often a click goes through the dense weights, which is what a forecast of memory counts; 1 where a model says
  /// nothing.
  var encoderPasses: Int { get }

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
  /// Nothing: the defaults.
  public static var recipe: [String: String] { [:] }
  /// nil: any number.
  public var longestSession: Int? { nil }
  /// 1.
  public var encoderPasses: Int { 1 }
  /// Each prefix is encoded as a session of its own.
  public static var prefixes: RaggedBatch.PrefixLayout { .apart }
}

/// The sizes and rates of one model.
public protocol ModelOptions: Equatable, Sendable {
  /// All of them, under RecBole's names.
  static var table: OptionTable<Self> { get }

  /// The defaults.
  init()

  /// - Throws: `OptionError.badValue` for the first value that makes no sense, by itself or beside the others.
  func validate() throws(OptionError)
}

extension ModelOptions {
  /// Checks each value by itself.
  /// - Throws: `OptionError.badValue`.
  public func validate() throws(OptionError) { try Self.table.check(self) }
}

extension OptionKind<Int> {
  /// The width of a vector.
  static var width: Self { .wholeNumber(1...65_536) }

  /// How many layers lie on one another, or how often one is passed through.
  static var layers: Self { .wholeNumber(1...256) }
}
