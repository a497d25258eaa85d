/** What billing can be asked to record, once the gateway has answered. */

import { IsNotEmpty, IsPositive, IsString, Length } from "class-validator";
import { Command } from "../../src/index.js";

export class RecordPayment extends Command("billing.RecordPayment") {
  @IsString()
  @IsNotEmpty()
  readonly paymentId!: string;

  @IsPositive()
  readonly amount!: number;
}

export class RecordRefusal extends Command("billing.RecordRefusal") {
  @Length(1, 200)
  readonly reason!: string;
}
