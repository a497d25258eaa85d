/** A configuration that goes to another thread: secrets cannot be cloned, and go as the texts that they are. */

import { Secret } from "../../secret.js";
import type { Configuration } from "../configuration.js";

export interface PortableConfiguration extends Omit<Configuration, "access" | "readModelsAccess"> {
  readonly access: Portable<Configuration["access"]>;
  readonly readModelsAccess?: Portable<NonNullable<Configuration["readModelsAccess"]>>;
}

type Portable<A extends { readonly password?: Secret }> = Omit<A, "password"> & { readonly password?: string };

export const portableConfiguration = ({ access, readModelsAccess, ...rest }: Configuration): PortableConfiguration => ({
  ...rest,
  access: revealed(access),
  ...(readModelsAccess && { readModelsAccess: revealed(readModelsAccess) }),
});

export const revivedConfiguration = ({ access, readModelsAccess, ...rest }: PortableConfiguration): Configuration => ({
  ...rest,
  access: hidden(access),
  ...(readModelsAccess && { readModelsAccess: hidden(readModelsAccess) }),
});

const revealed = <A extends { readonly password?: Secret }>({ password, ...rest }: A) => ({
  ...rest,
  ...(password && { password: password.reveal() }),
});

const hidden = <A extends { readonly password?: string }>({ password, ...rest }: A) => ({
  ...rest,
  ...(password !== undefined && { password: new Secret(password) }),
});
