import Dispatch
import Tensors

/// What this machine's matrix products reach at their best: the measure of everything else.
enum MatmulPeak {
  /// m × k times k × n: the catalogue head's shapes, and larger ones.
  private static let shapes = [(512, 64, 128), (512, 128, 64), (512, 512, 512), (1024, 1024, 1024)]

  /// Floating-point operations a second of all threads together, each at work on its own matrices; the best of
  /// several shapes, each run for a while.
  static func measure(_ precision: Precision, team: ThreadTeam) -> Double {
    let workers = (0..<team.count).map { _ in MatmulPlans() }
    return shapes.map { m, k, n in
      // Of a few rounds the best: the first compiles the product, others may be disturbed.
      (0..<5).map { _ in
        var rates = [Double](repeating: 0, count: team.count)
        rates.withUnsafeMutableBufferPointer { rates in
          nonisolated(unsafe) let rates = rates
          team.forEach(team.count) { _, thread in
            rates[thread] = rate(m, k, n, precision, workers[thread])
          }
        }
        return rates.reduce(0, +)
      }.max()!
    }.max()!
  }

  private static func rate(_ m: Int, _ k: Int, _ n: Int, _ precision: Precision, _ plans: MatmulPlans) -> Double {
    let arena = Arena()
    func operand(_ rows: Int, _ columns: Int) -> Operand {
      let matrix = arena.zeros(rows: rows, columns: columns)
      return precision == .float32 ? matrix.operand : arena.halves(rows: rows, columns: columns).rounding(matrix).operand
    }
    let a = operand(m, k), b = operand(k, n)
    let c = arena.zeros(rows: m, columns: n)
    let operations = 2 * m * k * n, repeats = max(1, 2_000_000_000 / operations)
    return withExtendedLifetime(arena) {
      plans.product(a, b, into: c)
      let began = DispatchTime.now().uptimeNanoseconds
      for _ in 0..<repeats { plans.product(a, b, into: c) }
      let seconds = Double(DispatchTime.now().uptimeNanoseconds - began) / 1e9
      return Double(repeats * operations) / seconds
    }
  }
}
