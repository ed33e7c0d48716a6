import Dispatch
import Tensors

/// What this machine's matrix products reach at their best: the measure of everything else.
package enum MatmulPeak {
  /// m × k times k × n: the catalogue head's shapes, and larger ones.
  private static let shapes = [(512, 64, 128), (512, 128, 64), (512, 512, 512), (1024, 1024, 1024)]

  /// Floating-point operations a second of all threads together, each at work on its own matrices; the best of
  /// several shapes, each run for a while.
  package static func measure(_ precision: Precision, team: ThreadTeam) -> Double {
    shapes.map { m, k, n in
      let products = (0..<team.count).map { _ in RepeatedProduct(m, k, n, precision) }
      // Of a few rounds the best: the first compiles the product, others may be disturbed.
      return (0..<5).map { _ in
        let began = DispatchTime.now().uptimeNanoseconds
        team.forEach(team.count) { _, thread in products[thread].run() }
        let seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
        return products.reduce(0) { $0 + Double($1.operations) } / seconds
      }.max()!
    }.max()!
  }

  /// A product of matrices of one thread's own, again and again.
  private final class RepeatedProduct {
    private let plans = MatmulPlans()
    private let arena = Arena()
    private let a: Operand
    private let b: Operand
    private let c: Tensor
    private let repeats: Int

    init(_ m: Int, _ k: Int, _ n: Int, _ precision: Precision) {
      let left = arena.zeros(rows: m, columns: k), right = arena.zeros(rows: k, columns: n)
      c = arena.zeros(rows: m, columns: n)
      switch precision {
      case .float32: (a, b) = (left.operand, right.operand)
      case .bfloat16:
        a = arena.halves(rows: m, columns: k).rounding(left).operand
        b = arena.halves(rows: k, columns: n).rounding(right).operand
      }
      repeats = max(1, 2_000_000_000 / (2 * m * k * n))
    }

    /// Of one run.
    var operations: Int { repeats * 2 * a.rows * a.columns * b.columns }

    func run() { for _ in 0..<repeats { plans.product(a, b, into: c) } }
  }
}
