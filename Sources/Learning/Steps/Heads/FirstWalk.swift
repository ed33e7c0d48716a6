import Catalogue
import Foundation
import Tensors

/// What the first walk gathers of a stripe for each session vector.
struct StripeSums {
  /// What exponents are told from, `[S]`.
  let references: UnsafeMutablePointer<Float>
  /// Σ 2^(logit · log₂e - reference), `[S]`.
  let sums: UnsafeMutablePointer<Double>
  /// Σ 2^(logit · log₂e - reference) · row, the target's row left out, `[S, D]`.
  let gradients: Tensor
}

/// What the first walk gathers of all stripes that this rank holds.
struct FirstWalk {
  private let stripes: Int
  /// S, vectors of all blocks.
  private let sessions: Int
  /// `[stripes, S]`.
  private let references: Tensor
  private let sums: UnsafeMutablePointer<Double>
  private let factors: Tensor
  /// `[stripes · S, D]`.
  private let gradients: Tensor

  init(stripes: Int, sessions: Int, width: Int, in arena: Arena) {
    self.stripes = stripes
    self.sessions = sessions
    references = arena.uninitialised(rows: stripes, columns: sessions)
    references.elements.update(repeating: -.infinity)
    sums = arena.doubles(stripes * sessions)
    factors = arena.uninitialised(rows: stripes, columns: sessions)
    gradients = arena.uninitialised(rows: stripes * sessions, columns: width)
  }

  /// - Parameter place: of the stripe among those that this rank holds.
  func stripe(_ place: Int) -> StripeSums {
    StripeSums(
      references: references.base + place * sessions, sums: sums + place * sessions, gradients: gradients(of: place))
  }

  /// `[S, D]`.
  func gradients(of place: Int) -> Tensor { gradients.rows(place * sessions..<(place + 1) * sessions) }

  /// The sums of each stripe.
  var exponentials: [ExponentialSums] {
    (0..<stripes).map { place in
      ExponentialSums(
        references: references.rows(place..<place + 1).array,
        sums: Array(UnsafeBufferPointer(start: sums + place * sessions, count: sessions)))
    }
  }

  /// Turns what stripes have gathered into gradients, for some sessions: Σ scale · probability · row.
  /// - Parameters:
  ///   - log2Normalisers: log₂ Σ exp(logit) over the catalogue, `[S]`.
  ///   - scales: `[S]`, 0 for vectors that only fill up a block.
  /// - Returns: the elements of each stripe.
  func normalise(_ some: Range<Int>, log2Normalisers: [Double], scales: [Float]) -> [UnsafeMutableBufferPointer<Float>]
  {
    (0..<stripes).map { place in
      let references = references.base + place * sessions, factors = factors.base + place * sessions
      for session in some {
        let power = Double(references[session]) - log2Normalisers[session]
        factors[session] = scales[session] == 0 ? 0 : Float(exp2(power) * Double(scales[session]))
      }
      let own = gradients(of: place).rows(some)
      own.scaleRows(by: factors + some.lowerBound)
      return own.elements
    }
  }
}
