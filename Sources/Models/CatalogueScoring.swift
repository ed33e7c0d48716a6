import Tensors

/// How session vectors and rows of the item table make scores.
public enum CatalogueScoring: Equatable, Sendable {
  /// Their product.
  case dotProduct
  /// The cosine of their angle over a temperature; the session vectors must have length 1. Training drops
  /// elements of the table at the rate `itemDropout`.
  case cosine(temperature: Float, itemDropout: Float)

  /// What turns rows of a table of this width into scored rows; nil where they are scored as they are.
  package func cosineRows(width: Int) -> CosineRows? {
    switch self {
    case .dotProduct: nil
    case .cosine(let temperature, let itemDropout):
      CosineRows(temperature: temperature, dropout: itemDropout, width: width)
    }
  }
}

extension SessionModel {
  public var scoring: CatalogueScoring { .dotProduct }

  /// The table whose products with the session vectors are the scores, without dropout, for evaluation:
  /// `[items + 1, D]`. The item table itself, or a copy in `arena`.
  public func scoredTable(in arena: Arena) -> Tensor {
    let table = parameters.itemTable.value
    guard let cosine = scoring.cosineRows(width: table.columns) else { return table }
    let scored = arena.uninitialised(rows: table.rows, columns: table.columns)
    cosine.score(0..<table.rows, of: table, randomness: nil, into: scored)
    return scored
  }
}
