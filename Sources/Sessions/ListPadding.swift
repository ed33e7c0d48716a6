import Text

/// What `0` in a list of items stands for. RecBole pads lists with it; in a shop whose items are numbered it may be an
/// item like any other.
public enum ZeroMeaning: String, CaseIterable, Sendable {
  /// Found out file by file: see `ListPadding.init(of:)`.
  case auto
  /// Zeros at either end of a list are left out.
  case padding
  /// An id like any other.
  case item
}

/// Where zeros fill the lists of a file up to one length.
enum ListPadding: Equatable {
  case none
  case atEnd, atBeginning
  /// Somebody said so: whatever zeros stand at either end.
  case atBothEnds
  /// A stream, which cannot be read twice to find out.
  case unknown

  /// Finds out by reading a file from its beginning to where the answer is clear; of most files that is the second row.
  ///
  /// Zeros are padding if all lists have the same length, from 2 up, and zeros stand in one run at the end of the
  /// lists, or in all of them at the beginning: never between items, never as an answer, never in all of a list alone.
  /// - Returns: `none` with a reason where the lists have one length, but a zero stands where padding does not.
  static func find(in reader: SessionFileReader) throws -> (padding: ListPadding, doubt: ZerosFound.Doubt?) {
    var length: Int?
    var atEnd = 0, atBeginning = 0
    var isAnswer = false, isBetween = false
    reading: while true {
      switch try reader.next() {
      case .end: break reading
      case .bad: continue
      case .session: break
      }
      let items = reader.items
      if let length, length != items.count { return (.none, nil) }
      length = items.count
      isAnswer = isAnswer || reader.answer?.isZero ?? false
      let first = items.prefix { $0.isZero }.count
      if first == items.count { continue }
      let last = items.reversed().prefix { $0.isZero }.count
      atBeginning += first > 0 ? 1 : 0
      atEnd += last > 0 ? 1 : 0
      isBetween = isBetween || items[first..<items.count - last].contains { $0.isZero }
    }
    guard let length, length >= 2, atEnd + atBeginning > 0 else { return (.none, nil) }
    if isAnswer { return (.none, .isAnswer) }
    if isBetween { return (.none, .isBetweenItems) }
    if atEnd > 0, atBeginning > 0 { return (.none, .isAtBothEnds) }
    return (atEnd > 0 ? .atEnd : .atBeginning, nil)
  }

  /// Takes the padding out of a list.
  /// - Returns: how many zeros it was.
  func remove(from items: inout [TextSlice]) -> Int {
    let count = items.count
    if self == .atEnd || self == .atBothEnds {
      while items.last?.isZero ?? false { items.removeLast() }
    }
    if self == .atBeginning || self == .atBothEnds {
      items.removeFirst(items.prefix { $0.isZero }.count)
    }
    return count - items.count
  }
}

/// What was done about zeros in the lists of a file. `description` is for people.
public enum ZerosFound: Equatable, Sendable, CustomStringConvertible {
  /// Why zeros in lists of one length are not taken for padding.
  public enum Doubt: Equatable, Sendable {
    case isAnswer, isBetweenItems, isAtBothEnds
  }

  /// They fill the lists up and were left out.
  case padding(path: String, zeros: Int, lists: Int)
  /// Ids that `item_length` does not count were left out.
  case beyondLength(path: String, ids: Int, lists: Int)
  /// All lists have the same length, but zeros are items.
  case items(path: String, Doubt)
  /// Many lists begin or end with zeros, and zeros are items.
  case manyLists(path: String, lists: Int, of: Int)

  public var description: String {
    switch self {
    case .padding(let path, let zeros, let lists):
      "\(path): left out \(zeros) zeros that fill up \(lists) lists, RecBole's padding; "
        + "if 0 is an item of yours, add --zeros item"
    case .beyondLength(let path, let ids, let lists):
      "\(path): left out \(ids) ids of \(lists) lists that item_length does not count"
    case .items(let path, let doubt):
      "\(path): all lists have the same length, but 0 \(doubt.words): it is taken for an item; "
        + "if it is padding, add --zeros padding"
    case .manyLists(let path, let lists, let total):
      "\(path): \(lists) of \(total) lists begin or end with zeros, which are taken for an item; "
        + "if they are padding, add --zeros padding"
    }
  }
}

extension ZerosFound.Doubt {
  fileprivate var words: String {
    switch self {
    case .isAnswer: "is an answer, too"
    case .isBetweenItems: "stands between items, too"
    case .isAtBothEnds: "stands at the beginning and at the end"
    }
  }
}
