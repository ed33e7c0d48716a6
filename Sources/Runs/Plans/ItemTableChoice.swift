import Catalogue

/// Where a plan wants the item table.
public enum ItemTableChoice: String, CaseIterable, Sendable {
  case replicated
  case sharded
  /// Whichever is faster, or fits into memory.
  case auto

  /// Where it is, once what `auto` stands for is chosen (`PlacementChoice`).
  package var placement: TablePlacement { self == .sharded ? .sharded : .replicated }
}
