import Tensors

/// How session vectors and rows of the item table make scores.
public enum CatalogueScoring: Equatable, Sendable {
  /// Their product.
  case dotProduct
  /// The cosine of their angle over a temperature; the session vectors must have length 1. Training drops
  /// elements of the table at the rate `itemDropout`.
  case cosine(temperature: Float, itemDropout: Float)

  /// What turns rows of a table of this width into scored rows, with memory of its own for a tile.
  package func rowTransform(width: Int) -> RowTransform {
    switch self {
    case .dotProduct: .identity
    case .cosine(let temperature, let itemDropout):
      .cosine(CosineRows(temperature: temperature, dropout: itemDropout, width: width))
    }
  }
}

extension SessionModel {
  /// Products.
  public var scoring: CatalogueScoring { .dotProduct }
}
