import Sessions
import Tensors

/// A session-based recommender: it turns each session into one vector, whose products with the rows of the item
/// table, or what else `scoring` says, are the scores of the catalogue.
///
/// A model is written forwards only; the tape gives the gradients. It knows nothing of ranks, losses, or where
/// the item table lives.
public protocol SessionModel: AnyObject {
  /// The weights, named as in RecBole's state_dict.
  var parameters: ParameterSet { get }

  /// How the catalogue is scored; by products where a model says nothing.
  var scoring: CatalogueScoring { get }

  /// One vector a session.
  /// - Parameters:
  ///   - batch: the sessions of one lane; may be empty of sessions no more than of clicks.
  ///   - tape: records the operations, and says where random numbers are addressed.
  /// - Returns: `[sessions, D]`, in the order of the batch.
  func encode(_ batch: RaggedBatch, on tape: Tape) -> Variable
}
