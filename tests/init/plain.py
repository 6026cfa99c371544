"""Schemas in plain names: what programmers of several countries call their tables."""

from tests.init.business import Business
from tests.init.schemas import T


def english(b: Business) -> list[T]:
    """Surrogate keys, natural numbers beside them, foreign keys."""
    return [
        T("customers", "id:int pk, customer_no:text(20) nn unique, name:text(80) nn, street:text(80), zip:text(10), city:text(40), country:text(2), phone:text(30), currency:text(3), credit_limit:num(12,2), payment_terms_days:int, iban:text(34), created_at:stamp",
          [(c.id, c.number, c.name, c.street, c.postal, c.city, c.country, c.phone, c.currency, c.limit, c.terms, c.iban, c.created) for c in b.customers]),
        T("products", "id:int pk, sku:text(20) nn unique, name:text(80) nn, category:text(20), unit:text(5), list_price:num(12,2), unit_cost:num(12,2), weight_kg:num(10,3)",
          [(i.id, i.number, i.name, i.group, i.unit, i.price, i.cost, i.weight) for i in b.items]),
        T("warehouses", "id:int pk, code:text(10) nn unique, name:text(40), city:text(40)", [(w.id, w.code, w.name, w.city) for w in b.warehouses]),
        T("stock_levels", "id:int pk, product_id:int nn fk=products.id, warehouse_id:int nn fk=warehouses.id, quantity_on_hand:num(12,3), quantity_reserved:num(12,3)",
          [(s.id, s.item.id, s.warehouse.id, s.on_hand, s.reserved) for s in b.stock]),
        T("sales_orders", "id:int pk, order_number:text(20) nn unique, customer_id:int nn fk=customers.id, warehouse_id:int fk=warehouses.id, order_date:date nn, requested_date:date, status:text(20), customer_reference:text(40), subtotal:num(12,2), tax_total:num(12,2), grand_total:num(12,2), currency:text(3), updated_at:stamp",
          [(o.id, o.number, o.customer.id, o.warehouse.id, o.day, o.requested, o.status.lower(), o.reference, o.net, o.tax, o.gross, o.customer.currency, o.changed) for o in b.orders]),
        T("sales_order_lines", "id:int pk, sales_order_id:int nn fk=sales_orders.id, line_no:int, product_id:int fk=products.id, quantity:num(12,3), unit_price:num(12,2), line_total:num(12,2)",
          [(x.id, o.id, x.number, x.item.id, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("shipments", "id:int pk, shipment_number:text(20) nn unique, sales_order_id:int fk=sales_orders.id, customer_id:int fk=customers.id, shipped_date:date, tracking_number:text(40), carrier:text(20)",
          [(s.id, s.number, s.order.id, s.order.customer.id, s.day, s.tracking, "UPS") for s in b.shipments]),
        T("shipment_items", "id:int pk, shipment_id:int fk=shipments.id, product_id:int fk=products.id, quantity:num(12,3)",
          [(1000 * s.id + x.number, s.id, x.item.id, x.quantity) for s in b.shipments for x in s.lines]),
        T("invoices", "id:int pk, invoice_number:text(20) nn unique, customer_id:int nn fk=customers.id, sales_order_id:int fk=sales_orders.id, invoice_date:date nn, due_date:date, status:text(20), currency:text(3), net_amount:num(12,2), tax_amount:num(12,2), total_amount:num(12,2), balance_due:num(12,2), created_at:stamp, updated_at:stamp",
          [(v.id, v.number, v.customer.id, v.order.id, v.day, v.due, v.status.lower(), v.customer.currency, v.net, v.tax, v.gross, v.open, v.created, v.changed) for v in b.invoices]),
        T("invoice_items", "id:int pk, invoice_id:int nn fk=invoices.id, line_number:int, product_id:int fk=products.id, description:text(80), quantity:num(12,3), unit_price:num(12,2), amount:num(12,2)",
          [(1000 * v.id + x.number, v.id, x.number, x.item.id, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
        T("payments", "id:int pk, payment_number:text(20) nn unique, customer_id:int fk=customers.id, invoice_id:int fk=invoices.id, payment_date:date, amount:num(12,2), method:text(20)",
          [(p.id, p.number, p.customer.id, p.invoice.id, p.day, p.amount, p.method) for p in b.payments]),
        T("users", "id:int pk, username:text(20), password_hash:text(60), salary:num(10,2)", [(1, "root", "x", 1), (2, "ann", "y", 2)]),
    ]  # fmt: skip


def german(b: Business) -> list[T]:
    """Compound words in mixed case, natural keys, no foreign keys."""
    words = {"Open": "offen", "Paid": "bezahlt", "Completed": "abgeschlossen", "Cancelled": "storniert"}
    return [
        T("Kunden", "KundenNr:text(10) pk, Firma:text(80) nn, Strasse:text(80), PLZ:text(10), Ort:text(40), Land:text(2), Telefon:text(30), Waehrung:text(3), Kreditlimit:num(12,2), Zahlungsziel:int, IBAN:text(34)",
          [(c.number, c.name, c.street, c.postal, c.city, c.country, c.phone, c.currency, c.limit, c.terms, c.iban) for c in b.customers]),
        T("Artikel", "ArtikelNr:text(20) pk, Bezeichnung:text(80), Warengruppe:text(20), Einheit:text(5), Verkaufspreis:num(12,2), Einkaufspreis:num(12,2), Gewicht:num(10,3)",
          [(i.number, i.name, i.group, i.unit, i.price, i.cost, i.weight) for i in b.items]),
        T("Lager", "LagerNr:text(5) pk, Bezeichnung:text(40), Ort:text(40)", [(w.code, w.name, w.city) for w in b.warehouses]),
        T("Lagerbestand", "ArtikelNr:text(20) pk, LagerNr:text(5) pk, Bestand:num(12,3), Reserviert:num(12,3)",
          [(s.item.number, s.warehouse.code, s.on_hand, s.reserved) for s in b.stock]),
        T("Auftraege", "AuftragsNr:text(12) pk, KundenNr:text(10) nn, LagerNr:text(5), Auftragsdatum:date, Wunschtermin:date, Status:text(20), Bestellnummer:text(40), Nettobetrag:num(12,2), MwSt:num(12,2), Bruttobetrag:num(12,2)",
          [(o.number, o.customer.number, o.warehouse.code, o.day, o.requested, words[o.status], o.reference, o.net, o.tax, o.gross) for o in b.orders]),
        T("AuftragsPositionen", "AuftragsNr:text(12) pk, PosNr:int pk, ArtikelNr:text(20), Menge:num(12,3), Einzelpreis:num(12,2), Gesamtpreis:num(12,2)",
          [(o.number, x.number, x.item.number, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("Lieferscheine", "LieferscheinNr:text(12) pk, AuftragsNr:text(12), KundenNr:text(10), Lieferdatum:date, Sendungsnummer:text(40)",
          [(s.number, s.order.number, s.order.customer.number, s.day, s.tracking) for s in b.shipments]),
        T("Rechnungen", "RechnungsNr:text(12) pk, KundenNr:text(10) nn, AuftragsNr:text(12), Rechnungsdatum:date nn, Faelligkeitsdatum:date, Status:text(12), Waehrung:text(3), Nettobetrag:num(12,2), MwStBetrag:num(12,2), Bruttobetrag:num(12,2), OffenerBetrag:num(12,2), ErstelltAm:stamp, GeaendertAm:stamp",
          [(v.number, v.customer.number, v.order.number, v.day, v.due, words[v.status], v.customer.currency, v.net, v.tax, v.gross, v.open, v.created, v.changed) for v in b.invoices]),
        T("RechnungsPositionen", "RechnungsNr:text(12) pk, PosNr:int pk, ArtikelNr:text(20), Text:text(80), Menge:num(12,3), Einzelpreis:num(12,2), Gesamtpreis:num(12,2)",
          [(v.number, x.number, x.item.number, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
        T("Zahlungen", "ZahlungsNr:text(12) pk, KundenNr:text(10), RechnungsNr:text(12), Zahlungsdatum:date, Betrag:num(12,2), Zahlungsart:text(20)",
          [(p.number, p.customer.number, p.invoice.number, p.day, p.amount, p.method) for p in b.payments]),
    ]  # fmt: skip


def french(b: Business) -> list[T]:
    """The habits of a French open-source ERP: a prefix, rowid, fk_ columns, small integers for states."""
    state = {"Open": 1, "Paid": 2, "Completed": 3, "Cancelled": -1}
    return [
        T("llx_societe", "rowid:int pk, nom:text(128), code_client:text(24) unique, client:small, fournisseur:small, address:text(255), zip:text(25), town:text(50), phone:text(30), outstanding_limit:num(24,8), tms:stamp",
          [(c.id, c.name, c.number, 1, 0, c.street, c.postal, c.city, c.phone, c.limit, c.created) for c in b.customers] + [(900, "Vendor only", None, 0, 1, "x", "y", "z", "1", None, b.customers[0].created)]),
        T("llx_product", "rowid:int pk, ref:text(128) nn unique, label:text(255) nn, price:num(24,8), cost_price:num(24,8), weight:num(10,3)", [(i.id, i.number, i.name, i.price, i.cost, i.weight) for i in b.items]),
        T("llx_entrepot", "rowid:int pk, ref:text(255) nn unique, lieu:text(64)", [(w.id, w.code, w.name) for w in b.warehouses]),
        T("llx_product_stock", "rowid:int pk, fk_product:int nn, fk_entrepot:int nn, reel:num(12,3)", [(s.id, s.item.id, s.warehouse.id, s.on_hand) for s in b.stock]),
        T("llx_commande", "rowid:int pk, ref:text(30) nn unique, fk_soc:int nn, date_commande:date, date_livraison:stamp, fk_statut:small, ref_client:text(255), total_ht:num(24,8), total_tva:num(24,8), total_ttc:num(24,8), tms:stamp",
          [(o.id, o.number, o.customer.id, o.day, None, state[o.status], o.reference, o.net, o.tax, o.gross, o.changed) for o in b.orders]),
        T("llx_commandedet", "rowid:int pk, fk_commande:int nn, fk_product:int, qty:num(12,3), subprice:num(24,8), total_ht:num(24,8), rang:int", [(x.id, o.id, x.item.id, x.quantity, x.price, x.net, x.number) for o in b.orders for x in o.lines]),
        T("llx_facture", "rowid:int pk, ref:text(30) nn unique, fk_soc:int nn, datef:date, date_lim_reglement:date, fk_statut:small nn, paye:small nn, total_ht:num(24,8), total_tva:num(24,8), total_ttc:num(24,8), multicurrency_code:text(3), datec:stamp, tms:stamp",
          [(v.id, v.number, v.customer.id, v.day, v.due, state[v.status], int(v.status == "Paid"), v.net, v.tax, v.gross, v.customer.currency, v.created, v.changed) for v in b.invoices]),
        T("llx_facturedet", "rowid:int pk, fk_facture:int nn, fk_product:int, description:text, qty:num(12,3), subprice:num(24,8), total_ht:num(24,8), rang:int",
          [(1000 * v.id + x.number, v.id, x.item.id, x.item.name, x.quantity, x.price, x.net, x.number) for v in b.invoices for x in v.lines]),
        T("llx_paiement", "rowid:int pk, ref:text(30), datep:stamp, amount:num(24,8), num_paiement:text(50)", [(p.id, p.number, None, p.amount, "x") for p in b.payments]),
    ]  # fmt: skip


def spanish(b: Business) -> list[T]:
    """Snake case in Spanish, ids without declared keys."""
    return [
        T("clientes", "id_cliente:int pk, codigo:text(10) nn unique, razon_social:text(80), direccion:text(80), codigo_postal:text(10), ciudad:text(40), pais:text(2), telefono:text(30), moneda:text(3), limite_credito:num(12,2)",
          [(c.id, c.number, c.name, c.street, c.postal, c.city, c.country, c.phone, c.currency, c.limit) for c in b.customers]),
        T("articulos", "id_articulo:int pk, codigo:text(20) nn unique, descripcion:text(80), familia:text(20), unidad:text(5), precio_venta:num(12,2), coste:num(12,2)",
          [(i.id, i.number, i.name, i.group, i.unit, i.price, i.cost) for i in b.items]),
        T("almacenes", "id_almacen:int pk, nombre:text(40), ciudad:text(40)", [(w.id, w.name, w.city) for w in b.warehouses]),
        T("existencias", "id_articulo:int pk, id_almacen:int pk, cantidad:num(12,3), reservado:num(12,3)", [(s.item.id, s.warehouse.id, s.on_hand, s.reserved) for s in b.stock]),
        T("pedidos", "id_pedido:int pk, numero:text(12) nn, id_cliente:int, fecha_pedido:date, estado:text(20), importe_neto:num(12,2), iva:num(12,2), importe_total:num(12,2)",
          [(o.id, o.number, o.customer.id, o.day, o.status, o.net, o.tax, o.gross) for o in b.orders]),
        T("lineas_pedido", "id_pedido:int pk, linea:int pk, id_articulo:int, cantidad:num(12,3), precio_unitario:num(12,2), importe:num(12,2)", [(o.id, x.number, x.item.id, x.quantity, x.price, x.net) for o in b.orders for x in o.lines]),
        T("facturas", "id_factura:int pk, numero_factura:text(12) nn, id_cliente:int nn, id_pedido:int, fecha_factura:date, fecha_vencimiento:date, estado:text(12), moneda:text(3), base_imponible:num(12,2), iva:num(12,2), total:num(12,2), saldo_pendiente:num(12,2)",
          [(v.id, v.number, v.customer.id, v.order.id, v.day, v.due, {"Open": "pendiente", "Paid": "pagada"}[v.status], v.customer.currency, v.net, v.tax, v.gross, v.open) for v in b.invoices]),
        T("lineas_factura", "id_factura:int pk, linea:int pk, id_articulo:int, descripcion:text(80), cantidad:num(12,3), precio_unitario:num(12,2), importe:num(12,2)", [(v.id, x.number, x.item.id, x.item.name, x.quantity, x.price, x.net) for v in b.invoices for x in v.lines]),
        T("cobros", "id_cobro:int pk, id_cliente:int, id_factura:int, fecha:date, importe:num(12,2), forma_pago:text(20)", [(p.id, p.customer.id, p.invoice.id, p.day, p.amount, p.method) for p in b.payments]),
    ]  # fmt: skip


def odd(b: Business) -> list[T]:
    """Short upper-case names, dates as YYYYMMDD in integers, flags in letters, amounts in cents, no keys at all."""
    n = lambda d: int(d.strftime("%Y%m%d")) if d else 0  # noqa: E731
    return [
        T("CUSTMAST", "CUSTNO:text(10) nn, CUSTNAME:text(40), ADDR1:text(40), CITY:text(30), CTRY:text(2), CURCD:text(3), CRLIMIT:int, ACTFLG:char(1)",
          [(c.number, c.name, c.street, c.city, c.country, c.currency, int(c.limit), "Y" if c.id % 7 else "N") for c in b.customers]),
        T("ITEMMAST", "ITEMNO:text(15) nn, ITEMDESC:text(40), ITEMGRP:text(5), UOM:text(3), UNITPRC:int", [(i.number, i.name, i.group, i.unit, int(i.price * 100)) for i in b.items]),
        T("WHSMAST", "WHSCODE:text(3) nn, WHSNAME:text(30)", [(w.code, w.name) for w in b.warehouses]),
        T("ITEMBAL", "ITEMNO:text(15) nn, WHSCODE:text(3) nn, QTYONHAND:int, QTYALLOC:int", [(s.item.number, s.warehouse.code, int(s.on_hand * 1000), int(s.reserved * 1000)) for s in b.stock]),
        T("ORDHDR", "ORDNO:text(10) nn, CUSTNO:text(10), ORDDATE:int, REQDATE:int, ORDSTAT:text(2), CUSTPO:text(30), ORDTOTAL:int", [(o.number, o.customer.number, n(o.day), n(o.requested), o.status[:2], o.reference, int(o.gross * 100)) for o in b.orders]),
        T("ORDDTL", "ORDNO:text(10) nn, LINENO:int nn, ITEMNO:text(15), ORDQTY:int, UNITPRC:int, LINEAMT:int", [(o.number, x.number, x.item.number, int(x.quantity * 1000), int(x.price * 100), int(x.net * 100)) for o in b.orders for x in o.lines]),
        T("INVHDR", "INVNO:text(10) nn, CUSTNO:text(10), ORDNO:text(10), INVDATE:int, DUEDATE:int, INVSTAT:text(1), CURCD:text(3), NETAMT:int, TAXAMT:int, GROSSAMT:int, OPENAMT:int",
          [(v.number, v.customer.number, v.order.number, n(v.day), n(v.due), v.status[0], v.customer.currency, int(v.net * 100), int(v.tax * 100), int(v.gross * 100), int(v.open * 100)) for v in b.invoices]),
        T("INVDTL", "INVNO:text(10) nn, LINENO:int nn, ITEMNO:text(15), QTY:int, UNITPRC:int, LINEAMT:int", [(v.number, x.number, x.item.number, int(x.quantity * 1000), int(x.price * 100), int(x.net * 100)) for v in b.invoices for x in v.lines]),
        T("CASHRCPT", "RCPTNO:text(10) nn, CUSTNO:text(10), RCPTDATE:int, RCPTAMT:int, PAYMETH:text(10)", [(p.number, p.customer.number, n(p.day), int(p.amount * 100), p.method) for p in b.payments]),
    ]  # fmt: skip
