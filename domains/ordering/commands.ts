/** What ordering can be asked to do. */

import { IsIn, IsPositive, Length } from "class-validator";
import { Command } from "../../src/index.js";
import { currencies, type Currency } from "./events.js";

export class PlaceOrder extends Command("ordering.PlaceOrder") {
  @IsPositive()
  readonly total!: number;

  @IsIn(currencies)
  readonly currency!: Currency;
}

export class CancelOrder extends Command("ordering.CancelOrder") {
  @Length(1, 200)
  readonly reason!: string;
}
