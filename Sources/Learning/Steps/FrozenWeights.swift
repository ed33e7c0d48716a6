/// The weights that training leaves as they are.
public enum FrozenWeights: String, CaseIterable, Sendable {
  case none
  /// The item table.
  case items
  /// All weights but the item table.
  case encoder

  /// The dense weights, or their gradient; empty where they are not trained: a frozen weight has no part in the norm
  /// either.
  func trained(_ dense: UnsafeMutableBufferPointer<Float>) -> UnsafeMutableBufferPointer<Float> {
    self == .encoder ? UnsafeMutableBufferPointer(rebasing: dense[..<0]) : dense
  }
}
