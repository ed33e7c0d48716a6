import CKernels

/// A function of one number, named as in RecBole's `hidden_act`.
public enum Activation: String, Sendable, CaseIterable {
  case tanh, sigmoid, relu
  /// x·σ(x). Ramachandran, Zoph and Le, arXiv:1710.05941.
  case swish
  /// x·Φ(x), exact. Hendrycks and Gimpel, arXiv:1606.08415.
  case gelu

  fileprivate var kernel: ck_activation {
    switch self {
    case .tanh: CK_TANH
    case .sigmoid: CK_SIGMOID
    case .relu: CK_RELU
    case .swish: CK_SWISH
    case .gelu: CK_GELU
    }
  }
}

extension Tape {
  /// f(x), element by element.
  public func activation(_ function: Activation, _ x: Variable) -> Variable {
    let y = arena.uninitialised(rows: x.value.rows, columns: x.value.columns)
    ck_activate(function.kernel, Int64(y.count), x.value.base, y.base)
    return record(y) { [arena] dy in
      let dx = arena.uninitialised(rows: dy.rows, columns: dy.columns)
      ck_activate_backward(function.kernel, Int64(y.count), x.value.base, y.base, dy.base, dx.base)
      x.accumulate(dx)
    }
  }
}
