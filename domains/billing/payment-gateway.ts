/** The payment provider as billing sees it; which one it is, the application decides. */

export interface PaymentRequest {
  readonly orderId: string;
  readonly amount: number;
  /** The provider takes the payment once for each key, however often it is asked. */
  readonly idempotencyKey: string;
}

/** What the provider did: captures (none, while nothing came of the request), or a refusal. */
export type PaymentAnswer =
  | { readonly captures: readonly { readonly paymentId: string; readonly amount: number }[] }
  | { readonly refused: string };

export interface PaymentGateway {
  request(request: PaymentRequest, signal: AbortSignal): Promise<PaymentAnswer>;
}

/** Token that the application binds a gateway to. */
export const PaymentGateway = Symbol.for("billing.PaymentGateway");
