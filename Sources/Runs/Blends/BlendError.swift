import Evaluation

/// What can be wrong with a blend. Each case is data; `description` is the one sentence shown to people.
public enum BlendError: Error, Equatable, CustomStringConvertible {
  case badMember(String)
  /// Checkpoints that know different numbers of items are to be blended.
  case otherItems(path: String, items: Int, first: String, firstItems: Int)
  case tooFewMembers
  /// Weights are to be chosen, but there is none to choose, or nothing to choose them by.
  case nothingToChoose
  case noValidSessions(dataset: String, locales: [String])
  /// A saved blend is to be a member, or is to be blended with others.
  case isBlend(path: String)
  /// A member of a saved blend, as that names it, is gone.
  case missingMember(String, blend: String)
  /// Its SHA-256 is not the one that was saved.
  case otherMember(String, blend: String)

  public var description: String {
    switch self {
    case .badMember(let text):
      "cannot blend '\(text)': write a run or checkpoint and, if it is to be given, its weight from 0 up, such as "
        + "runs/covisit:0.3"
    case .otherItems(let path, let items, let first, let firstItems):
      "\(path) knows \(items) items, \(first) \(firstItems): blend checkpoints of one data set"
    case .tooFewMembers:
      "a blend has two members or more: give --from for each"
    case .nothingToChoose:
      "--blend auto chooses the weights of what is blended in, but there is none without a weight: give --blend FOLDER, too"
    case .noValidSessions(let dataset, let locales):
      "\(dataset) has no valid sessions\(locales.isEmpty ? "" : " in " + locales.joined(separator: ",")) to choose "
        + "weights on: prepare it with --valid-fraction, or give each member its weight"
    case .isBlend(let path):
      "\(path) is a blend, whose members and weights are given: use it as --checkpoint alone, or blend its members anew"
    case .missingMember(let name, let blend):
      "\(name), a member of \(blend), is not there: put it back, or make the blend anew"
    case .otherMember(let name, let blend):
      "\(name), a member of \(blend), is another checkpoint now: put the old one back, or make the blend anew"
    }
  }
}
