/// Which rows of the item table an optimizer updates after a step of a sampled loss, which gives most rows no gradient.
/// The loss over the whole catalogue gives every row one.
public enum UpdatedRows: String, CaseIterable, Sendable {
  /// Those with a gradient: `torch.optim.SparseAdam`. Moments of the others stay as they are.
  case touched
  /// All: `torch.optim.Adam`. Moments of rows without a gradient fade, and still move their rows.
  case all
}
