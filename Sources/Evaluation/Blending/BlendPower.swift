/// To which power members' shares are taken before a blend adds them up.
///
/// Shares fall steeply, and the power says how far down a member is heard: with 1 a blend ranks mostly by who is surest,
/// with a low one also by what several have some way down. They are roots, which all machines round alike.
public enum BlendPower: Double, CaseIterable, Codable, Sendable, CustomStringConvertible {
  case one = 1
  case half = 0.5
  case quarter = 0.25
  case eighth = 0.125

  /// How many square roots one after another it is.
  var squareRoots: Int { -Int(rawValue.exponent) }

  /// - Parameter share: from 0 up.
  func callAsFunction(_ share: Float) -> Float {
    (0..<squareRoots).reduce(share) { share, _ in share.squareRoot() }
  }

  public var description: String { "\(rawValue)" }
}
