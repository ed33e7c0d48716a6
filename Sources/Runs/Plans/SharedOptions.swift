import Catalogue
import Foundation
import Models
import OptionTables
import Sessions
import Tensors

// Options that several plans have: declared here once, each plan says where it keeps the value.

extension OptionDeclaration {
  static func dataset(_ path: WritableKeyPath<Owner, String> & Sendable) -> Self {
    Self(
      "dataset", path, .text("the folder of a prepared data set", valueName: "folder"), decides: .never,
      isRequired: true, "The prepared data set.")
  }

  static func locales(_ path: WritableKeyPath<Owner, [String]> & Sendable) -> Self {
    Self("locales", path, .locales, "Train on the sessions of these locales only, such as ES,FR,IT.")
  }

  package static func targets(_ path: WritableKeyPath<Owner, TargetRule> & Sendable) -> Self {
    Self(
      "targets", path, .choice,
      "What is learned of a session a b c d: last, d after a b c; prefixes, also b after a and c after a b, each by itself; "
        + "all, the same, a session's at once.")
  }

  package static func batchSize(_ path: WritableKeyPath<Owner, Int> & Sendable) -> Self {
    Self(
      "batch_size", path, .wholeNumber(1...(1 << 24)), aliases: ["train_batch_size"],
      "Sessions (prefixes, with --targets prefixes) in a global batch, over all ranks.")
  }

  package static func lanes(_ path: WritableKeyPath<Owner, Int> & Sendable) -> Self {
    Self(
      "lanes", path, .powerOfTwo(1...4096),
      "Parts of a batch, at least as many as ranks; a power of two. Leave it, unless there are more than 8 ranks: other "
        + "lanes give other bits.")
  }

  package static func headBlocks(_ path: WritableKeyPath<Owner, Int> & Sendable) -> Self {
    Self(
      "head_blocks", path, .powerOfTwo(1...4096),
      "Parts of a batch in the loss; leave it, unless there are more than 8 ranks: others give other bits."
    )
  }

  package static func itemTable(_ path: WritableKeyPath<Owner, ItemTableChoice> & Sendable) -> Self {
    Self(
      "item_table", path, .choice, decides: .never,
      "replicated: all of it on every rank; sharded: a part on each; auto: what is faster, or fits. Changes no bit.")
  }

  package static func precision(_ path: WritableKeyPath<Owner, Precision> & Sendable) -> Self {
    Self(
      "precision", path, .choice, "f32, or bf16: the catalogue's products in bfloat16, at about twice the speed.")
  }

  package static func threads(_ path: WritableKeyPath<Owner, Int> & Sendable) -> Self {
    Self(
      "threads_per_rank", path, .wholeNumber(1...CatalogueLayout.largestStripeCount), decides: .never,
      "Threads of a rank, for machines with fewer ranks than cores; they change no bit.")
  }

  package static func seed(_ path: WritableKeyPath<Owner, UInt64> & Sendable) -> Self {
    Self("seed", path, .wholeNumber(0...(.max)), "From which all random numbers follow.")
  }
}

extension OptionKind<[String]> {
  /// Some locales by name; all where there is no text. Whether there are such locales tells the data set.
  static var locales: Self {
    Self("names of locales, such as ES,FR", valueName: "list") { text in
      let inner = text.hasPrefix("[") && text.hasSuffix("]") ? String(text.dropFirst().dropLast()) : text
      return inner.isEmpty ? [] : LocaleName.parse(list: inner)
    } text: {
      $0.isEmpty ? nil : $0.joined(separator: ",")
    }
  }
}
