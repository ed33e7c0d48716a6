import Catalogue

/// Where a plan wants the item table.
public enum ItemTableChoice: String, CaseIterable, Sendable {
  case replicated
  case sharded
  /// Whichever is faster, or fits into memory.
  case auto
}
