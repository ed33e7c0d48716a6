/// Changes to the bytes of a file as they happen, and as somebody might make them on purpose; equal for equal seeds.
public struct Damage {
  private var state: UInt64

  private static let tokens: [[UInt8]] =
    [
      "0", "-1", "1", "2147483648", "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e999",
      "nan",
      "null", "", "\"", "'", "[", "]", "{", "}", ",", "\t", ":", "\n", "\r", "\0", "\u{1b}[31m", "\\", "\\ud800", "...",
      " ",
    ].map { Array($0.utf8) } + [[0xff], [0xc3], [0xed, 0xa0, 0x80], [UInt8](repeating: 0x5b, count: 2_000)]

  public init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 }

  private mutating func below(_ limit: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int((state >> 33) % UInt64(max(limit, 1)))
  }

  public mutating func applied(to bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0...below(3) {
      let place = below(bytes.count + 1), end = min(bytes.count, place + 1 + below(12))
      switch below(6) {
      case 0 where place < bytes.count: bytes[place] ^= 1 << UInt8(below(8))
      case 1: bytes.insert(contentsOf: Self.tokens[below(Self.tokens.count)], at: place)
      case 2: bytes.replaceSubrange(place..<end, with: Self.tokens[below(Self.tokens.count)])
      case 3: bytes.removeSubrange(place..<end)
      case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
      default: if below(4) == 0 { bytes.removeSubrange(place...) }
      }
    }
    return bytes
  }
}
